# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting by size."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import add, selected, some_splats

ops = bpy.ops.tttlrm


def test_sizes_are_those_that_the_object_shows():
    obj = add(scale=(2, 2, 2))
    ops.select_size(low=0.2, high=0.3)
    longest = 2 * some_splats().scales.max(axis=1)
    np.testing.assert_array_equal(selected(obj), (longest >= 0.2) & (longest <= 0.3))
    ops.select_size(low=0.2)
    np.testing.assert_array_equal(selected(obj), longest >= 0.2)
    ops.select_size(low=0, high_value=0.3, use_high=True)
    np.testing.assert_array_equal(selected(obj), longest <= 0.3)
