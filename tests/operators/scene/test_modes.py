# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators while something is being edited."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from operators.actions.drop import TTTLRM_OT_drop
from operators.scene.splats import is_splats
from tests.operators.scene.statue import save_statue

pytestmark = pytest.mark.usefixtures("registered", "toy_workers")
ops = bpy.ops.tttlrm
ADD = {
    "EDIT_MESH": (bpy.ops.mesh.primitive_cube_add, "EDIT"),
    "EDIT_CURVE": (bpy.ops.curve.primitive_bezier_curve_add, "EDIT"),
    "POSE": (bpy.ops.object.armature_add, "POSE"),
    "SCULPT": (bpy.ops.mesh.primitive_cube_add, "SCULPT"),
    "PAINT_WEIGHT": (bpy.ops.mesh.primitive_cube_add, "WEIGHT_PAINT"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty scene, and a folder with photos and splats."""
    save_statue(tmp_path, splats=4)
    return tmp_path


@pytest.mark.parametrize("mode", ADD)
def test_what_is_being_edited_stays_so_while_objects_are_added(mode, folder):
    add, name = ADD[mode]
    add()
    bpy.ops.object.mode_set(mode=name)
    edited = bpy.context.object
    assert ops.import_splats(filepath=str(folder / "a.ply")) == {"FINISHED"}
    assert ops.reconstruct(directory=str(folder / "statue"), name="A", with_mesh=True) == {"FINISHED"}
    assert (bpy.context.mode, bpy.context.object, edited.mode) == (mode, edited, name)
    assert sum(map(is_splats, bpy.context.scene.objects)) == 2


@pytest.mark.parametrize("run", [lambda: ops.decode(max_splats=5), lambda: ops.refine(steps=5), ops.mesh])
def test_splats_that_are_being_edited_get_their_result(run, folder):
    ops.reconstruct(directory=str(folder / "statue"), name="A")
    splats = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    assert run() == {"FINISHED"}
    assert (splats.mode, bpy.context.object) == ("OBJECT", splats)
    assert len(splats.data.points) == (12 if any(obj.type == "MESH" for obj in bpy.data.objects) else 5)


def test_photos_are_added_to_splats_while_another_object_is_edited(folder):
    ops.reconstruct(directory=str(folder / "statue"), name="A")
    splats = bpy.context.object
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.context.view_layer.objects.active = splats
    assert ops.extend(directory=str(folder / "statue")) == {"FINISHED"}
    assert cube.mode == "EDIT" and len(splats.data.points) == 15


def test_a_dropped_picture_needs_object_mode(folder):
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    heard = []
    operator = SimpleNamespace(report=lambda kind, words: heard.append(words))
    assert TTTLRM_OT_drop.add_reference(operator, folder / "statue" / "1.png") == {"CANCELLED"}
    assert heard == ["A reference image can only be added in Object Mode: switch to it first"]
