# SPDX-License-Identifier: GPL-3.0-or-later
"""Scaling by a known distance."""

import bpy
import numpy as np
import pytest

from tests.operators.actions.edit.objects import add, empty, first, only, select, shown, tilted_room

ops = bpy.ops.tttlrm


def test_a_known_distance_scales_the_whole():
    whole, obj, _ = tilted_room()
    before = shown(obj)
    select(obj, np.isin(np.arange(3000), [5, 7]))
    assert ops.set_scale(distance=2.5) == {"FINISHED"}
    after = shown(obj)
    assert np.linalg.norm(after.means[5] - after.means[7]) == pytest.approx(2.5, rel=1e-4)
    factor = 2.5 / np.linalg.norm(before.means[5] - before.means[7])
    np.testing.assert_allclose(after.scales, before.scales * factor, rtol=1e-4)
    np.testing.assert_allclose((after.means[5] + after.means[7])[:2], (before.means[5] + before.means[7])[:2], atol=1e-4)
    only(obj, *(empty(f"end {x}", location=(x, 0, 0)) for x in (1, 3)))
    ops.set_scale(distance=1)
    assert ops.set_scale(distance=4, first=(0, 0, 0), second=(0, 0, 1)) == {"FINISHED"}
    assert whole.scale.x == pytest.approx(factor * 0.5 * 4, rel=1e-4)


def test_a_distance_wants_two_points():
    obj = add()
    select(obj, first(3))
    with pytest.raises(RuntimeError, match="two points, but 3 are selected"):
        ops.set_scale(distance=1)
