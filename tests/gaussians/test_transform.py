# SPDX-License-Identifier: GPL-3.0-or-later
"""Moved splats look the same from eyes that moved along."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians import harmonics
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.gaussians.transform import apply_matrix, apply_similarity
from tttlrm_blender.geometry import quaternions

seeds = st.integers(0, 10_000)


def directions(count: int) -> np.ndarray:
    vectors = np.random.default_rng(1).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def covariances(gaussians: Gaussians) -> np.ndarray:
    axes = quaternions.to_matrices(gaussians.quats.astype(np.float64)) * gaussians.scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)


def assert_moved(got: Gaussians, before: Gaussians, linear: np.ndarray, turn: np.ndarray, translation: np.ndarray) -> None:
    """Centers and covariances follow the linear map, colors along turned directions are the old ones."""
    np.testing.assert_allclose(got.means, before.means @ linear.T + translation, rtol=1e-4, atol=1e-5)
    expected = linear @ covariances(before) @ linear.T
    np.testing.assert_allclose(covariances(got), expected, atol=1e-5 * np.abs(expected).max())
    eyes = directions(len(before))
    np.testing.assert_allclose(harmonics.colors(got.sh, eyes @ turn.T), harmonics.colors(before.sh, eyes), atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(got.quats, axis=1), 1, atol=1e-6)
    assert all(array.dtype == np.float32 for array in got.arrays().values())


@settings(max_examples=25)
@given(seed=seeds, degree=st.integers(0, 3), scale=st.floats(1e-3, 1e3), mirrored=st.booleans())
def test_similarity(random_splats, seed, degree, scale, mirrored):
    splats = random_splats(50, degree, seed)
    rotation = Rotation.random(rng=seed).as_matrix() @ np.diag([1, 1, -1 if mirrored else 1])
    shift = np.array([1.0, -2.0, 3.0])
    assert_moved(apply_similarity(splats, scale, rotation, shift), splats, scale * rotation, rotation, shift)


@settings(max_examples=25)
@given(seed=seeds, uniform=st.booleans(), mirrored=st.booleans())
def test_matrix(random_splats, seed, uniform, mirrored):
    splats = random_splats(50, 3, seed)
    left, right = Rotation.random(2, rng=seed).as_matrix()
    stretch = np.array([2.0, 2.0, 2.0] if uniform else [0.5, 2.0, 3.0]) * (-1 if mirrored else 1)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = left @ np.diag(stretch) @ right, [1, 2, 3]
    turn = left @ right * np.sign(stretch[0])
    assert_moved(apply_matrix(splats, matrix), splats, matrix[:3, :3], turn, matrix[:3, 3])


def test_undone_by_the_inverse(random_splats):
    splats = random_splats(100)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = 2 * Rotation.random(rng=3).as_matrix(), [1, 2, 3]
    again = apply_matrix(apply_matrix(splats, matrix), np.linalg.inv(matrix))
    np.testing.assert_allclose(again.means, splats.means, atol=1e-5)
    np.testing.assert_allclose(again.sh, splats.sh, atol=1e-5)
    np.testing.assert_allclose(covariances(again), covariances(splats), atol=1e-6)


@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), np.diag([1, 1, 0, 1]), np.full((4, 4), np.nan)])
def test_refuses_matrices_without_inverse(random_splats, matrix):
    with pytest.raises(TttlrmError, match="cannot be transformed"):
        apply_matrix(random_splats(2), matrix)


@pytest.mark.parametrize(("scale", "rotation"), [(0, np.eye(3)), (-1, np.eye(3)), (1, 2 * np.eye(3)), (np.nan, np.eye(3))])
def test_refuses_what_is_no_similarity(random_splats, scale, rotation):
    with pytest.raises(TttlrmError, match="cannot be transformed"):
        apply_similarity(random_splats(2), scale, rotation, np.zeros(3))


def test_basis_is_that_of_real_spherical_harmonics():
    """Against scipy's complex ones; Gaussian splatting keeps the Condon–Shortley phase (−1)^m."""
    eyes = directions(40)
    polar, azimuth = np.arccos(eyes[:, 2]), np.arctan2(eyes[:, 1], eyes[:, 0])
    values = harmonics.basis(eyes, 3)
    for degree in range(4):
        for order in range(-degree, degree + 1):
            complex_values = sph_harm_y(degree, abs(order), polar, azimuth)
            part = complex_values.imag if order < 0 else complex_values.real
            expected = part * (np.sqrt(2) if order else 1)
            np.testing.assert_allclose(values[:, degree * degree + degree + order], expected, atol=1e-12)


@settings(max_examples=50)
@given(seed=seeds)
def test_quaternions_agree_with_scipy(seed):
    first, second = Rotation.random(2, rng=seed)
    a, b = (rotation.as_quat(scalar_first=True) for rotation in (first, second))
    np.testing.assert_allclose(quaternions.to_matrices(a), first.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(quaternions.to_matrices(quaternions.multiply(a, b)), (first * second).as_matrix(), atol=1e-12)
    back = quaternions.from_matrices(first.as_matrix())
    np.testing.assert_allclose(quaternions.to_matrices(back), first.as_matrix(), atol=1e-12)


def test_quaternions_of_half_turns():
    half_turns = np.stack([np.diag(signs) for signs in ([1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1])])
    np.testing.assert_allclose(quaternions.from_matrices(half_turns), np.eye(4))


def test_zero_quaternion_is_the_identity():
    np.testing.assert_array_equal(quaternions.normalize(np.array([[0.0, 0, 0, 0], [0, 0, 2, 0]])), [[1, 0, 0, 0], [0, 0, 1, 0]])
