# SPDX-License-Identifier: GPL-3.0-or-later
"""Hiding splats."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import COUNT, add, drawn, first, select, selected, shown, some_splats
from tttlrm_blender.gaussians.formats.ply import read_ply

ops = bpy.ops.tttlrm


def test_hidden_splats_are_neither_drawn_nor_exported_nor_selected(tmp_path):
    obj = add()
    twin = obj.copy()
    bpy.context.collection.objects.link(twin)
    select(obj, first(15))
    assert ops.hide_splats() == {"FINISHED"}
    assert drawn(obj) == drawn(twin) == COUNT - 15
    ops.select_all()
    np.testing.assert_array_equal(selected(obj), ~first(15))
    ops.export_splats(filepath=str(tmp_path / "shown.ply"), up_axis="Z")
    np.testing.assert_array_equal(read_ply(tmp_path / "shown.ply").means, some_splats().means[15:])
    ops.delete_splats()
    assert len(obj.data.points) == 15, "hidden ones are left alone"
    assert ops.reveal_splats() == {"FINISHED"}
    assert drawn(obj) == drawn(twin) == 15 and selected(obj).all()
    assert [modifier.name for modifier in obj.modifiers] == ["tttLRM splats"][: len(obj.modifiers)]


def test_hiding_the_others_and_hiding_more():
    obj = add()
    select(obj, first(30))
    ops.hide_splats(unselected=True)
    assert drawn(obj) == 30 and selected(obj).sum() == 30
    select(obj, first(10))
    ops.hide_splats()
    assert drawn(obj) == 20
    ops.reveal_splats(select=False)
    assert drawn(obj) == COUNT and not selected(obj).any()


def test_masks_are_saved(tmp_path):
    obj = add()
    select(obj, first(30))
    ops.hide_splats()
    select(obj, ~first(40))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    obj = bpy.data.objects["thing"]
    np.testing.assert_array_equal(selected(obj), ~first(40))
    assert drawn(obj) == 30 and len(shown(obj)) == 30
