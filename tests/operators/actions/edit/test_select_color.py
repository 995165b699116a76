# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting by color."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import add, first, select, selected, some_splats
from tttlrm_blender.gaussians.gaussians import SH_DC

ops = bpy.ops.tttlrm


def test_colours_like_the_selected_ones_or_a_given_one():
    splats = some_splats()
    splats.sh[:, 0] = (np.where(first(25)[:, None], [0.9, 0.1, 0.1], [0.2, 0.5, 0.7]) - 0.5) / SH_DC
    obj = add(splats)
    select(obj, first(1))
    ops.select_color(tolerance=0.05)
    np.testing.assert_array_equal(selected(obj), first(25))
    ops.select_color(source="COLOR", color=(0.2, 0.5, 0.72), tolerance=0.05)
    np.testing.assert_array_equal(selected(obj), ~first(25))
