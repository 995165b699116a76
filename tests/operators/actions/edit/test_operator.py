# SPDX-License-Identifier: GPL-3.0-or-later
"""What all edits have in common: which objects they change, and undo."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import COUNT, add, drawn, empty, first, only, select, selected, shown

ops = bpy.ops.tttlrm


def test_all_selected_objects_are_edited_and_shared_points_once():
    one, two = add(), add(name="two")
    twin = one.copy()
    bpy.context.collection.objects.link(twin)
    only(one, two, twin)
    select(one, first(10))
    select(two, first(20))
    ops.delete_splats()
    assert [len(obj.data.points) for obj in (one, twin, two)] == [COUNT - 10, COUNT - 10, COUNT - 20]
    assert twin.data == one.data and len(bpy.data.pointclouds) == 2


@pytest.mark.parametrize(
    ("name", "options"),
    [("select_all", {}), ("delete_splats", {}), ("hide_splats", {}), ("separate_splats", {}), ("apply_transform", {})],
)
def test_undo_brings_back_what_was_there(name, options):
    obj = add(location=(1, 2, 3))
    select(obj, first(10))
    before, count = shown(obj), len(bpy.data.objects)
    bpy.ops.ed.undo_push(message="before")
    getattr(ops, name)("EXEC_DEFAULT", True, **options)  # pushes a step of its own
    bpy.ops.ed.undo()
    obj = bpy.data.objects["thing"]
    np.testing.assert_array_equal(selected(obj), first(10))
    bpy.context.view_layer.update()
    for part, array in before.arrays().items():
        np.testing.assert_array_equal(getattr(shown(obj), part), array)
    assert drawn(obj) == COUNT and len(bpy.data.objects) == count
    assert tuple(obj.location) == (1, 2, 3)


def test_other_objects_are_not_edited():
    bpy.context.view_layer.objects.active = empty()
    for name in ("select_all", "delete_splats", "apply_transform", "align_ground"):
        with pytest.raises(RuntimeError, match="Select an object with splats"):
            getattr(ops, name)()


def test_linked_splats_are_not_edited(tmp_path):
    add()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["thing"]
    bpy.context.collection.objects.link(wanted.objects[0])
    only(wanted.objects[0])
    with pytest.raises(RuntimeError, match="are linked from another file: make them local"):
        ops.select_all()
