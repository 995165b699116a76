# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting in a box of the view."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import add, camera_over, selected, some_splats

ops = bpy.ops.tttlrm


def test_a_box_in_the_picture_of_the_camera():
    obj = add()
    with pytest.raises(RuntimeError, match="no view to select in"):
        ops.select_box(xmin=0, xmax=200, ymin=0, ymax=50)
    camera_over()
    assert ops.select_box(xmin=0, xmax=100, ymin=50, ymax=100) == {"FINISHED"}
    x, y, _ = some_splats().means.T
    np.testing.assert_array_equal(selected(obj), (x >= -2) & (x <= 0) & (y >= 0) & (y <= 1))
