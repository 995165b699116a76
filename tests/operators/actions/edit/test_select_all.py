# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting all splats, none, or the others."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import add, first, select, selected

ops = bpy.ops.tttlrm


def test_all_none_and_the_others():
    obj = add()
    assert ops.select_all() == {"FINISHED"} and selected(obj).all()
    ops.select_all(action="DESELECT")
    assert not selected(obj).any()
    select(obj, first(20))
    ops.select_all(action="INVERT")
    np.testing.assert_array_equal(selected(obj), ~first(20))
