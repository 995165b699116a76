# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting with a lasso."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import COUNT, add, camera_over, first, select, selected, some_splats

ops = bpy.ops.tttlrm


def around(*corners: tuple[int, int]) -> list[dict]:
    return [{"name": "", "loc": corner} for corner in corners]


def test_an_outline_in_the_picture_of_the_camera():
    obj = add()
    camera_over()
    assert ops.select_lasso(path=around((100, 50), (200, 50), (100, 100))) == {"FINISHED"}
    x, y, _ = some_splats().means.T
    inside = (x >= 0) & (y >= 0) & (x / 2 + y <= 1)
    np.testing.assert_array_equal(selected(obj), inside)
    select(obj, first(COUNT))
    ops.select_lasso(path=around((100, 50), (200, 50), (100, 100)), mode="SUB")
    np.testing.assert_array_equal(selected(obj), ~inside)
    ops.select_lasso(path=around((100, 50), (200, 50), (100, 100)), mode="ADD")
    assert selected(obj).all()


def test_no_outline_selects_nothing():
    obj = add()
    camera_over()
    assert ops.select_lasso() == {"FINISHED"} and not selected(obj).any()
