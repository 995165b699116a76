# SPDX-License-Identifier: GPL-3.0-or-later
"""Jacobi rotations against LAPACK for the shapes of stretched splats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttlrm_blender.gaussians import ellipsoids


def assert_same_ellipsoids(axes: np.ndarray) -> None:
    rotations, lengths = ellipsoids.by_jacobi(axes)
    _, expected = ellipsoids.by_lapack(axes)
    size = np.abs(expected).max(axis=1, keepdims=True)
    np.testing.assert_allclose(lengths, expected, atol=1e-9 * size.max())
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (len(axes), 1, 1)), atol=1e-8)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-8)
    found = (rotations * lengths[:, None] ** 2) @ rotations.transpose(0, 2, 1)
    np.testing.assert_allclose(found, axes @ axes.transpose(0, 2, 1), atol=1e-8 * float(size.max()) ** 2)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), spread=st.floats(0, 5))
def test_both_ways_give_the_same_ellipsoids(seed, spread):
    chance = np.random.default_rng(seed)
    assert_same_ellipsoids(chance.normal(size=(200, 3, 3)) * np.exp(chance.normal(0, spread, size=(200, 1, 3))))


@pytest.mark.parametrize(
    "axes", [np.eye(3), np.zeros((3, 3)), np.diag([0, 0, 2.0]), np.diag([1, 0, 2.0]), np.ones((3, 3)), np.diag([1.0, 2, 3])]
)
def test_balls_discs_needles_and_points(axes):
    assert_same_ellipsoids(axes[None])


def test_more_than_a_slice_and_none():
    quats = np.tile(np.array([1, 0, 0, 0], dtype=np.float32), (ellipsoids.SLICE + 3, 1))
    turned, sizes = ellipsoids.stretched(quats, np.ones((len(quats), 3), dtype=np.float32), np.diag([1.0, 2, 3]))
    np.testing.assert_allclose(sizes, np.tile([3.0, 2, 1], (len(quats), 1)), atol=1e-6)
    assert turned.shape == quats.shape and turned.dtype == np.float32
    assert ellipsoids.stretched(quats[:0], np.zeros((0, 3), dtype=np.float32), np.eye(3))[1].shape == (0, 3)
