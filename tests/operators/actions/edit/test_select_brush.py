# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting with a brush."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import COUNT, add, camera_over, first, select, selected, some_splats

ops = bpy.ops.tttlrm


def test_a_brush_stroke_that_also_takes_back():
    obj = add()
    camera_over()
    path = [{"mouse": (100, 50)}, {"mouse": (150, 50), "radius": 10}, {"mouse": (100, 50), "radius": 5, "flip": True}]
    path = [{"name": "", "radius": 0, "flip": False, **spot} for spot in path]
    assert ops.select_brush(radius=20, path=path) == {"FINISHED"}
    place = some_splats().means[:, :2] * 50
    from_middle, from_right = np.linalg.norm(place, axis=1), np.linalg.norm(place - [50, 0], axis=1)
    np.testing.assert_array_equal(selected(obj), ((from_middle <= 20) | (from_right <= 10)) & (from_middle > 5))
    select(obj, first(COUNT))
    ops.select_brush(radius=20, path=path, mode="ADD")
    np.testing.assert_array_equal(selected(obj), from_middle > 5)
