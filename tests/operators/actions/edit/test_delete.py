# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting splats."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import COUNT, add, select, shown, some_splats

ops = bpy.ops.tttlrm


def test_deleting_keeps_the_others_bit_for_bit_with_all_that_they_have():
    obj = add()
    material = bpy.data.materials.new("mine")
    obj.data.materials.append(material)
    obj.data["note"] = "kept"
    own = obj.data.attributes.new("own", "INT", "POINT")
    own.data.foreach_set("value", np.arange(COUNT, dtype=np.int32))
    name, mask = obj.data.name, np.arange(COUNT) % 3 == 0
    select(obj, mask)
    assert ops.delete_splats() == {"FINISHED"}
    left = shown(obj)
    for part, array in some_splats()[~mask].arrays().items():
        np.testing.assert_array_equal(getattr(left, part), array)
    values = np.empty(len(left), dtype=np.int32)
    obj.data.attributes["own"].data.foreach_get("value", values)
    np.testing.assert_array_equal(values, np.flatnonzero(~mask))
    assert (obj.data.name, obj.data["note"], list(obj.data.materials)) == (name, "kept", [material])
    with pytest.raises(RuntimeError, match="No splats are selected"):
        ops.delete_splats()


def test_all_splats_can_be_deleted():
    obj = add()
    ops.select_all()
    ops.delete_splats()
    assert len(obj.data.points) == 0
    assert ops.select_all() == {"FINISHED"} and ops.select_floaters() == {"FINISHED"}
    assert ops.apply_transform() == {"FINISHED"}
