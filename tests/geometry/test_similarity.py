# SPDX-License-Identifier: GPL-3.0-or-later
"""The similarity to the network's normalized frame, and its inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.similarity import Similarity, mean_camera, normalize

from ..photos.files import poses


def cameras(c2w: np.ndarray) -> Cameras:
    return Cameras(c2w, np.tile([100.0, 110.0, 32.0, 24.0], (len(c2w), 1)), np.tile([64, 48], (len(c2w), 1)))


def seen(views: Cameras, points: np.ndarray) -> np.ndarray:
    """Points [N, 3] in the axes of each camera, [V, N, 3]."""
    w2c = np.linalg.inv(views.c2w)
    return np.einsum("vij,nj->vni", w2c[:, :3, :3], points) + w2c[:, None, :3, 3]


@given(st.integers(0, 999), st.integers(1, 8), st.sampled_from(["mean", "first"]), st.floats(0.01, 100))
def test_cameras_see_the_mapped_scene_as_before(seed: int, count: int, reference: str, size: float) -> None:
    c2w = poses(count, seed)
    c2w[:, :3, 3] *= size
    before = cameras(c2w)
    after, similarity = normalize(before, reference)
    points = size * np.random.default_rng(seed).normal(size=(10, 3))
    mapped = seen(after, similarity.points(points)) / similarity.scale
    np.testing.assert_allclose(mapped, seen(before, points), atol=1e-9 * max(size, 1))
    np.testing.assert_allclose(similarity.inverse().points(similarity.points(points)), points, atol=1e-9 * size)
    np.testing.assert_allclose(similarity.inverse().cameras(after).c2w, c2w, atol=1e-9 * max(size, 1))


@given(st.integers(0, 999), st.sampled_from(["mean", "first"]))
def test_positions_reach_one(seed: int, reference: str) -> None:
    after, _ = normalize(cameras(poses(5, seed)), reference)
    assert np.abs(after.c2w[:, :3, 3]).max() == pytest.approx(1)
    if reference == "first":
        np.testing.assert_allclose(after.c2w[0], np.eye(4), atol=1e-12)
    else:
        np.testing.assert_allclose(after.c2w[:, :3, 3].mean(0), np.zeros(3), atol=1e-12)
        np.testing.assert_allclose(mean_camera(after.c2w), np.eye(4), atol=1e-9)


def test_mean_of_equal_cameras_is_that_camera() -> None:
    c2w = poses(1, 3).repeat(4, axis=0)
    np.testing.assert_allclose(mean_camera(c2w), c2w[0], atol=1e-12)


def test_mean_looks_along_the_average() -> None:
    """Two cameras that look 30° to either side of z: their mean looks along z from between them."""
    half = np.radians(30)
    c2w = np.tile(np.eye(4), (2, 1, 1))
    for pose, angle, x in zip(c2w, (half, -half), (-1.0, 3.0), strict=True):
        pose[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        pose[0, 3] = x
    expected = np.eye(4)
    expected[0, 3] = 1
    np.testing.assert_allclose(mean_camera(c2w), expected, atol=1e-12)


def test_mean_of_opposite_cameras_is_still_a_camera() -> None:
    c2w = np.tile(np.eye(4), (2, 1, 1))
    c2w[1, :3, :3] = np.diag([-1, 1, -1])
    np.testing.assert_array_equal(mean_camera(c2w)[:3, :3], np.eye(3))


def test_cameras_in_one_place_keep_their_scale() -> None:
    c2w = poses(3)
    c2w[:, :3, 3] = [5, 6, 7]
    assert normalize(cameras(c2w))[1].scale == 1


def test_inverse_of_inverse() -> None:
    similarity = Similarity(2.5, poses(1)[0, :3, :3], np.array([1.0, 2, 3]))
    twice = similarity.inverse().inverse()
    np.testing.assert_allclose(twice.translation, similarity.translation)
    np.testing.assert_allclose(twice.rotation, similarity.rotation)
    assert twice.scale == similarity.scale
