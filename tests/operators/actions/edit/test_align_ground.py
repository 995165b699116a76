# SPDX-License-Identifier: GPL-3.0-or-later
"""Aligning the ground."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import add, empty, only, select, shown, some_splats, tilted_room

ops = bpy.ops.tttlrm


def test_the_ground_is_found_and_the_cameras_come_along():
    _, obj, camera = tilted_room()
    between = obj.matrix_world.inverted() @ camera.matrix_world
    assert ops.align_ground() == {"FINISHED"}
    means = shown(obj).means
    assert np.abs(means[:2000, 2]).max() < 0.05 and np.median(means[2000:, 2]) == pytest.approx(0.6, abs=0.05)
    assert camera.matrix_world.translation.z == pytest.approx(1.5, abs=0.1)
    np.testing.assert_allclose(np.array(obj.matrix_world.inverted() @ camera.matrix_world), np.array(between), atol=1e-5)
    ops.align_ground(flip=True)
    assert np.median(shown(obj).means[2000:, 2]) == pytest.approx(-0.6, abs=0.05)


@pytest.mark.parametrize("by", ["splats", "empties"])
def test_three_points_are_a_ground(by):
    whole, obj, _ = tilted_room()
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    if by == "splats":
        select(obj, np.isin(np.arange(3000), [1, 2, 3]))
    else:
        only(obj, *(empty(f"corner {k}", parent=whole, location=corner) for k, corner in enumerate(corners)))
    assert ops.align_ground(method="POINTS") == {"FINISHED"}
    assert np.abs(shown(obj).means[:2000, 2]).max() < 0.1 and np.median(shown(obj).means[2000:, 2]) > 0.5


def test_grounds_that_cannot_be_are_told():
    add(some_splats(3000))
    with pytest.raises(RuntimeError, match="No plane contains enough"):
        ops.align_ground()
    with pytest.raises(RuntimeError, match="three points that are not on a line"):
        ops.align_ground(method="POINTS")
