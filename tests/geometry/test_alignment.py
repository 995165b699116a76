# SPDX-License-Identifier: GPL-3.0-or-later
"""Similarities are recovered from points and from cameras that they moved."""

import numpy as np
import pytest

from tttlrm_blender.geometry.alignment import align_cameras, align_points, nearest_rotation
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.similarity import Similarity


def rotation(rng: np.random.Generator) -> np.ndarray:
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return turn * np.sign(np.linalg.det(turn))


@pytest.fixture(params=range(5))
def rng(request) -> np.random.Generator:
    return np.random.default_rng(request.param)


@pytest.fixture
def similarity(rng) -> Similarity:
    return Similarity(float(rng.uniform(0.1, 10)), rotation(rng), rng.normal(size=3))


def assert_same(found: Similarity, expected: Similarity) -> None:
    for name in ("scale", "rotation", "translation"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-9, err_msg=name)


def test_points(rng, similarity):
    points = rng.normal(size=(7, 3))
    assert_same(align_points(points, similarity.points(points)), similarity)


def test_noise_is_averaged_out(rng, similarity):
    points = rng.normal(size=(2000, 3))
    found = align_points(points, similarity.points(points) + rng.normal(scale=0.01, size=points.shape))
    assert found.scale == pytest.approx(similarity.scale, abs=0.01)
    np.testing.assert_allclose(found.rotation, similarity.rotation, atol=0.02)


@pytest.mark.parametrize("count", [2, 5])
def test_cameras_also_where_their_centers_lie_in_a_line(rng, similarity, count):
    c2w = np.tile(np.eye(4), (count, 1, 1))
    c2w[:, :3, :3] = [rotation(rng) for _ in range(count)]
    c2w[:, :3, 3] = np.arange(count)[:, None] * rng.normal(size=3)
    cameras = Cameras(c2w, np.ones((count, 4)), np.ones((count, 2), np.int64))
    assert_same(align_cameras(c2w, similarity.cameras(cameras).c2w), similarity)


def test_the_nearest_rotation_mirrors_nothing(rng):
    expected = rotation(rng)
    np.testing.assert_allclose(nearest_rotation(expected * 3), expected, atol=1e-9)
    assert np.linalg.det(nearest_rotation(np.diag([1.0, 1.0, -1.0]))) == pytest.approx(1)
