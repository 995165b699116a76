# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting by opacity, and what is selected joined with what was."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import add, first, select, selected, some_splats

ops = bpy.ops.tttlrm


@pytest.mark.parametrize(("mode", "expected"), [("SET", 30), ("ADD", 40), ("SUB", 10), ("AND", 0)])
def test_masks_are_joined_with_what_was_selected(mode, expected):
    splats = some_splats()
    splats.opacities[:] = np.where(first(30), 0.05, 0.9)
    obj = add(splats)
    select(obj, np.roll(first(10), 30))
    assert ops.select_opacity(low=0, high=0.1, mode=mode) == {"FINISHED"}
    assert selected(obj).sum() == expected
