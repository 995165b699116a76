# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting what hangs in the air."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import COUNT, add, first, selected, some_splats

ops = bpy.ops.tttlrm


def test_floaters_are_far_from_the_others():
    splats = some_splats()
    splats.means[:] = splats.means * 0.05 + np.where(first(3)[:, None], [[9, 0, 0]], 0) * np.arange(1, COUNT + 1)[:, None]
    obj = add(splats)
    assert ops.select_floaters(strictness=0.1) == {"FINISHED"}
    np.testing.assert_array_equal(selected(obj), first(3))
