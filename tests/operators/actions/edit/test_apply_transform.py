# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying an object's transform to its splats."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.operators.actions.edit.objects import add, assert_same_look, empty, shown, some_splats
from tttlrm_blender.gaussians.transform import apply_matrix

ops = bpy.ops.tttlrm


@pytest.mark.parametrize("parts", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)])
@pytest.mark.parametrize("scale", [(2, 2, 2), (-2, 2, 2)])
def test_applying_a_transform_changes_nothing_to_be_seen(parts, scale):
    place = empty("place", location=(1, 1, 1), rotation_euler=(1, 0, 0))
    obj = add(location=(1, 2, 3), rotation_euler=(0.3, -1.2, 2.0), scale=scale, parent=place)
    obj.delta_location, obj.delta_scale, obj.delta_rotation_euler = (0, 0, 1), (2, 2, 2), (0, 0.1, 0)
    child = empty("child", parent=obj, location=(0, 0, 1))
    bpy.context.view_layer.update()
    before, stood, held = shown(obj), child.matrix_world.copy(), place.matrix_world.copy()
    location, rotation, size = (bool(part) for part in parts)
    assert ops.apply_transform(location=location, rotation=rotation, scale=size) == {"FINISHED"}
    bpy.context.view_layer.update()
    assert_same_look(before, shown(obj))
    np.testing.assert_allclose(np.array(child.matrix_world), np.array(stood), atol=1e-5)
    np.testing.assert_array_equal(np.array(place.matrix_world), np.array(held))
    assert np.allclose(obj.location, 0, atol=1e-6) == location
    assert np.allclose(obj.rotation_euler, 0) == rotation
    assert tuple(obj.scale) == ((1, 1, 1) if size else scale)


def test_applying_says_where_colours_cannot_follow(capfd):
    obj = add(scale=(1, 2, 3))
    bpy.context.view_layer.update()
    before = apply_matrix(some_splats(), np.array(obj.matrix_world))
    assert ops.apply_transform() == {"FINISHED"}
    assert "The scale is not uniform" in capfd.readouterr().out
    assert_same_look(before, shown(obj))


def test_applying_to_shared_points_leaves_the_others_alone():
    obj = add(location=(1, 0, 0))
    twin = obj.copy()
    bpy.context.collection.objects.link(twin)
    assert ops.apply_transform() == {"FINISHED"}
    assert obj.data != twin.data
    bpy.context.view_layer.update()
    np.testing.assert_allclose(shown(twin).means, shown(obj).means, atol=1e-6)


def test_a_flattened_object_is_left_as_it_is():
    obj = add(scale=(1, 0, 1))
    with pytest.raises(RuntimeError, match="cannot be transformed by this matrix"):
        ops.apply_transform()
    assert tuple(obj.scale) == (1, 0, 1)


def test_mirrors_above_and_below_are_applied_too():
    place = empty("place", scale=(-1, 1, 1))
    obj = add(parent=place, rotation_euler=(0.3, 0.2, 0.1), scale=(1, 1, -1))
    bpy.context.view_layer.update()
    before = shown(obj)
    ops.apply_transform()
    bpy.context.view_layer.update()
    assert_same_look(before, shown(obj))
    assert obj.matrix_basis == Matrix()
