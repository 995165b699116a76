# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting by distance."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import add, selected, some_splats

ops = bpy.ops.tttlrm


def test_distances_are_measured_from_the_cursor():
    obj = add(location=(5, 0, 0))
    bpy.context.scene.cursor.location = (5, 0, 0)
    near = np.linalg.norm(some_splats().means, axis=1) <= 1
    ops.select_distance(distance=1)
    np.testing.assert_array_equal(selected(obj), near)
    ops.select_distance(distance=1, beyond=True, center=(5, 0, 0))
    np.testing.assert_array_equal(selected(obj), ~near)
