# SPDX-License-Identifier: GPL-3.0-or-later
"""What older Blenders have saved, opened, appended and linked in one that draws splats by itself."""

import bpy
import numpy as np
import pytest

from operators.scene import drawing, older_files
from operators.scene.splats import add_splats, is_older, read_splats
from operators.viewport.visible import appearances
from tests.operators.viewport.seen import random_splats

newer = pytest.mark.skipif(not drawing.drawn_by_blender(), reason="this Blender has no newer kind of splats")
older = pytest.mark.skipif(drawing.drawn_by_blender(), reason="this Blender needs no modifier")


@pytest.fixture(autouse=True)
def listening():
    older_files.register()
    yield
    older_files.unregister()


@pytest.fixture
def file(tmp_path, older_blender):
    """A file with splats, turned a little."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    add_splats("cloud", random_splats()).rotation_euler = (0.3, 0, 0)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "older.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return tmp_path / "older.blend"


def open_file(file):
    bpy.ops.wm.open_mainfile(filepath=str(file))


def append(file):
    bpy.ops.wm.append(directory=f"{file}/Object/", filename="cloud")


def link(file):
    bpy.ops.wm.link(directory=f"{file}/Object/", filename="cloud")


@newer
@pytest.mark.parametrize("bring", [open_file, append])
def test_splats_become_what_this_blender_draws(file, monkeypatch, bring):
    monkeypatch.undo()
    bring(file)
    obj = bpy.data.objects["cloud"]
    assert obj.data.type == "GAUSSIAN_SPLAT" and not is_older(obj.data)
    assert not obj.modifiers and not obj.show_bounds
    assert not appearances(bpy.context.evaluated_depsgraph_get(), None)
    np.testing.assert_allclose(obj.data.attributes["radius"].data[0].value, random_splats().scales[0].mean(), rtol=1e-6)
    obj.rotation_euler = (0, 0, 0)
    for name, array in random_splats().arrays().items():
        assert np.array_equal(read_splats(obj).arrays()[name], array), name


@newer
def test_linked_splats_are_drawn_as_before(file, monkeypatch):
    monkeypatch.undo()
    link(file)
    obj = bpy.data.objects["cloud"]
    assert is_older(obj.data) and [modifier.name for modifier in obj.modifiers] == [drawing.NAME]
    assert len(appearances(bpy.context.evaluated_depsgraph_get(), None)) == 1


@older
def test_the_drawing_comes_to_follow_modifiers_that_were_after_it(file):
    open_file(file)
    obj = bpy.data.objects["cloud"]
    obj.modifiers[drawing.NAME].use_pin_to_last, obj.show_bounds = False, True
    obj.modifiers.new("later", "NODES")
    assert obj.modifiers[-1].name == "later"
    bpy.ops.wm.save_mainfile()
    open_file(file)
    obj = bpy.data.objects["cloud"]
    assert obj.modifiers[-1].name == drawing.NAME and not obj.show_bounds
