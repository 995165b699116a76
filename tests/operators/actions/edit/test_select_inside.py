# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting what is inside a volume."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import COUNT, add, empty, only, selected, some_splats

ops = bpy.ops.tttlrm


@pytest.mark.parametrize(("shape", "norm"), [("CUBE", np.inf), ("SPHERE", 2)])
def test_empties_say_what_is_inside(shape, norm):
    obj = add()
    volume = empty(empty_display_type=shape, empty_display_size=0.5, scale=(2, 2, 2), location=(0.1, 0, 0))
    inside = np.linalg.norm(some_splats().means - [0.1, 0, 0], ord=norm, axis=1) <= 1
    ops.select_inside(object=volume.name)
    np.testing.assert_array_equal(selected(obj), inside)
    only(obj, volume)
    ops.select_inside(outside=True)
    np.testing.assert_array_equal(selected(obj), ~inside)


def test_the_bounds_of_a_mesh_are_a_volume():
    obj = add()
    bpy.ops.mesh.primitive_cube_add(size=2, location=(1, 0, 0))
    only(obj, bpy.data.objects["Cube"])
    ops.select_inside()
    np.testing.assert_array_equal(selected(obj), (np.abs(some_splats().means - [1, 0, 0]) <= 1).all(axis=1))


def test_volumes_that_are_none_are_told():
    obj = add()
    with pytest.raises(RuntimeError, match="Select an object that marks the volume"):
        ops.select_inside()
    with pytest.raises(RuntimeError, match="There is no object “nowhere”"):
        ops.select_inside(object="nowhere")
    flat = empty(scale=(1, 1, 0))
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="The object “empty” is flat"):
        ops.fit_region(object=flat.name)
    assert len(obj.data.points) == COUNT
