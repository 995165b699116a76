# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats come from files."""

import sys

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from tests.gaussians.formats.spz_4 import version_4
from tests.operators.actions.files.splats import UPRIGHT, some_splats
from tests.operators.installed import part
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.transform import apply_matrix

ops = bpy.ops.tttlrm


@pytest.mark.parametrize("name", ["b.ply", "b.spz", "b.splat", "b.glb", "b.compressed.ply"])
def test_an_object_that_was_moved_goes_through_every_format(name, tmp_path):
    """And comes back to where it was, although files have other axes than Blender."""
    write_splats(tmp_path / "a.ply", some_splats(300))
    assert ops.import_splats(filepath=str(tmp_path / "a.ply")) == {"FINISHED"}
    bpy.context.object.matrix_world = Matrix.Translation((0, 0, 1)) @ bpy.context.object.matrix_world
    assert ops.export_splats(filepath=str(tmp_path / name)) == {"FINISHED"}
    expected = apply_matrix(some_splats(300), UPRIGHT).means + np.array([0, 0, 1])
    assert ops.import_splats(filepath=str(tmp_path / name)) == {"FINISHED"}
    again = part("scene.splats").read_splats(bpy.context.object)
    np.testing.assert_allclose(np.sort(again.means, axis=0), np.sort(expected, axis=0), atol=4e-3)


def test_blenders_own_python_unpacks_spz_of_version_4(tmp_path):
    write_splats(tmp_path / "three.spz", some_splats(300))
    (tmp_path / "four.spz").write_bytes(version_4((tmp_path / "three.spz").read_bytes()))
    assert ops.import_splats(filepath=str(tmp_path / "four.spz")) == {"FINISHED"}
    assert len(bpy.context.object.data.points) == 300


@pytest.mark.parametrize(
    ("told", "chosen", "up"),
    [
        ("", "AUTO", (0, -1, 0)),
        ("z", "AUTO", (0, 0, 1)),
        ("z", "Y", (0, 1, 0)),
        ("", "Z", (0, 0, 1)),
        ("", "NEGATIVE_Y", (0, -1, 0)),
    ],
)
def test_the_axis_that_points_up_turns_the_object_and_leaves_its_splats(tmp_path, told, chosen, up):
    write_splats(tmp_path / "a.ply", some_splats(10), told)
    ops.import_splats(filepath=str(tmp_path / "a.ply"), up_axis=chosen, scale=2)
    obj = bpy.context.object
    np.testing.assert_allclose(obj.matrix_world @ Vector(up), (0, 0, 2), atol=1e-6)
    values = np.empty(30, dtype=np.float32)
    obj.data.attributes["position"].data.foreach_get("vector", values)
    np.testing.assert_array_equal(values.reshape(10, 3), some_splats(10).means)
    axis = {(0, -1, 0): "NEGATIVE_Y", (0, 1, 0): "Y", (0, 0, 1): "Z"}[up]
    ops.export_splats(filepath=str(tmp_path / "b.ply"), up_axis=axis)
    np.testing.assert_allclose(read_splats(tmp_path / "b.ply").means, 2 * some_splats(10).means, atol=1e-5)


def test_several_files_at_once_are_selected(tmp_path):
    other = bpy.data.objects.new("other", None)
    bpy.context.collection.objects.link(other)
    other.select_set(True)
    for name in ("a.ply", "b.spz"):
        write_splats(tmp_path / name, some_splats(4))
    files = [{"name": "a.ply"}, {"name": "b.spz"}]
    assert ops.import_splats(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert [obj.name for obj in bpy.context.selected_objects] == ["a", "b"] and bpy.context.object.name == "b"


def test_splats_that_are_left_out_are_told(tmp_path, capfd):
    splats = some_splats(10)
    splats.means[3] = np.nan
    write_splats(tmp_path / "holes.ply", splats)
    assert ops.import_splats(filepath=str(tmp_path / "holes.ply")) == {"FINISHED"}
    assert len(bpy.context.object.data.points) == 9
    sys.stdout.flush()
    assert "left out 1 of 10 splats" in capfd.readouterr().out
