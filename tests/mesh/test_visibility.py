# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth of meshes as cameras see them."""

import numpy as np
import pytest

from tttlrm_blender.mesh.visibility import draw_depth, draw_depth_reference

LENS, SIZE = np.array([40.0, 44, 31, 24]), (64, 48)


@pytest.mark.parametrize("behind", [False, True])
def test_depths_are_those_of_the_reference(behind):
    """Also of faces that reach behind the camera."""
    random = np.random.default_rng(3)
    points = random.normal(size=(60, 3)) * [3, 3, 2] + [0, 0, 0.5 if behind else 9]
    faces = random.integers(0, 60, (40, 3))
    fast, plain = draw_depth(points, faces, LENS, SIZE), draw_depth_reference(points, faces, LENS, SIZE)
    assert np.isfinite(plain).mean() > 0.2
    same = np.isclose(fast, plain, rtol=1e-4) | (np.isinf(fast) & np.isinf(plain))
    assert same.mean() > 0.999, "edges may round to either side"


def test_a_ground_below_the_camera_reaches_the_horizon():
    points = np.array([[-1e3, 1, -1e3], [1e3, 1, -1e3], [1e3, 1, 1e3], [-1e3, 1, 1e3]])
    depth = draw_depth(points, np.array([[0, 1, 2], [0, 2, 3]]), LENS, SIZE)
    rows = np.arange(25, SIZE[1]) + 0.5
    np.testing.assert_allclose(depth[25:], np.repeat(LENS[1] / (rows - LENS[3]), SIZE[0]).reshape(-1, SIZE[0]), rtol=1e-4)
    assert np.isinf(depth[:24]).all()


def test_nothing_is_drawn_of_nothing():
    assert np.isinf(draw_depth(np.zeros((0, 3)), np.zeros((0, 3), np.int64), LENS, SIZE)).all()
