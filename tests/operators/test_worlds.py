# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes for training: the same for the same seed, with exact depth, around the cameras that were asked for."""

import random

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tools.inside.worlds import things
from tools.inside.worlds.__main__ import record
from tools.inside.worlds.record import CameraPath

SIDE = 16


def cameras(count: int, indoors: bool) -> CameraPath:
    """Cameras side by side that look at the origin from −y."""
    c2w = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    c2w[:, :3, :3] = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    c2w[:, 0, 3], c2w[:, 1, 3], c2w[:, 2, 3] = np.linspace(-0.2, 0.2, count), -1.6, 0.2
    return CameraPath(c2w, np.tile(np.array([20, 20, 8, 8], np.float32), (count, 1)), indoors)


@pytest.mark.slow
@pytest.mark.parametrize("indoors", [False, True])
def test_a_scene_is_the_same_for_the_same_seed(indoors):
    one, two = (record("3 1", cameras(2, indoors), SIDE, 1) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)
    assert one.images.shape == (2, SIDE, SIDE, 3) and one.images.std() > 5
    assert one.depth.max() < 40 and 0.2 < one.depth[one.depth > 0].min() < 1.6


@pytest.mark.parametrize("make", things.MAKERS, ids=lambda make: make.__name__)
def test_things_are_about_as_large_as_the_unit_ball(make):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    parts = make(random.Random(1))
    bpy.context.view_layer.update()
    corners = np.array([part.matrix_world @ Vector(corner) for part in parts for corner in part.bound_box])
    assert 0.4 < np.abs(corners).max() < 2.5
    assert all(part.data.materials for part in parts)
