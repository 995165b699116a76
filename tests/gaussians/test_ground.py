# SPDX-License-Identifier: GPL-3.0-or-later
"""Grounds are found and leveled at z = 0, however the scene is oriented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.ground import find_ground, leveling, through
from tttlrm_blender.geometry.planes import Plane

pytestmark = pytest.mark.slow

seeds = st.integers(0, 10_000)
UP = np.array([0.0, 0.0, 1.0])


def room(seed: int, walls: bool = False) -> np.ndarray:
    """A floor at z = 0, an object on it, optionally a wall, and strays."""
    chance = np.random.default_rng(seed)
    parts = [chance.uniform([-2, -2, -0.01], [2, 2, 0.01], (2000, 3)), chance.normal([0.5, 0, 0.6], 0.2, (3000, 3))]
    parts.append(chance.uniform([-2, -2, -0.2], [2, 2, 2], (300, 3)))
    if walls:
        parts.append(chance.uniform([-2, 1.99, 0], [2, 2.01, 2], (3000, 3)))
    return np.concatenate(parts)


def cameras(turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Three level cameras, 1.5 above the floor, in a transformed world."""
    c2w = np.tile(np.eye(4), (3, 1, 1))
    c2w[:, :3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]  # OpenCV axes: looks along y, up is z
    c2w[:, :3, 3] = [[0, -2, 1.5], [1, -2, 1.5], [-1, -2, 1.4]]
    c2w[:, :3, :3], c2w[:, :3, 3] = turn @ c2w[:, :3, :3], c2w[:, :3, 3] @ turn.T + shift
    return c2w


def check(plane: Plane, turn: np.ndarray, shift: np.ndarray) -> None:
    assert np.degrees(np.arccos((plane.normal @ turn @ UP).clip(-1, 1))) < 1
    assert abs(plane.normal @ shift - plane.offset) < 0.03


@settings(max_examples=20)
@given(seeds)
def test_the_floor_is_found_without_cameras(seed):
    turn, shift = Rotation.random(rng=seed).as_matrix(), np.array([3.0, -1, 5])
    points = room(seed) @ turn.T + shift
    check(find_ground(points, np.ones(len(points))), turn, shift)


@settings(max_examples=20)
@given(seeds)
def test_cameras_distinguish_the_floor_from_a_larger_wall(seed):
    turn, shift = Rotation.random(rng=seed).as_matrix(), np.array([3.0, -1, 5])
    points = room(seed, walls=True) @ turn.T + shift
    check(find_ground(points, np.ones(len(points)), cameras(turn, shift)), turn, shift)


def test_faint_splats_do_not_count():
    points = np.concatenate((room(0), np.random.default_rng(1).uniform([-2, -2, 1], [2, 2, 1.001], (20_000, 3))))
    opacities = np.repeat([1.0, 0.1], [len(points) - 20_000, 20_000])
    check(find_ground(points, opacities), np.eye(3), np.zeros(3))


def test_without_a_plane_the_ground_is_level_for_the_cameras_or_an_error():
    ball = np.random.default_rng(0).normal(size=(4000, 3))
    with pytest.raises(TttlrmError, match="No plane"):
        find_ground(ball, np.ones(4000))
    plane = find_ground(ball, np.ones(4000), cameras(np.eye(3), np.zeros(3)))
    np.testing.assert_allclose(plane.normal, UP, atol=1e-6)
    assert 0.01 < (ball[:, 2] < plane.offset).mean() < 0.03
    with pytest.raises(TttlrmError, match="No plane"):
        find_ground(np.zeros((0, 3)), np.zeros(0))


@settings(max_examples=20)
@given(seeds)
def test_three_points_make_a_ground_below_the_rest(seed):
    turn, shift = Rotation.random(rng=seed).as_matrix(), np.array([1.0, 2, 3])
    points = room(seed) @ turn.T + shift
    plane = through(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]]) @ turn.T + shift, points)
    np.testing.assert_allclose(plane.normal, turn @ UP, atol=1e-6)
    matrix = leveling(plane, points.mean(axis=0))
    stood = points @ matrix[:3, :3].T + matrix[:3, 3]
    np.testing.assert_allclose(stood[:, 2], room(seed)[:, 2], atol=1e-6)
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_the_point_below_the_middle_keeps_its_place():
    plane = Plane(np.array([0.6, 0, 0.8]), 2.0, 1.0)
    foot = 2.0 * plane.normal + 3 * np.array([0, 1, 0])
    moved = leveling(plane, foot + 7 * plane.normal) @ [*foot, 1]
    np.testing.assert_allclose(moved[:3], [foot[0], foot[1], 0], atol=1e-9)


def test_a_ground_overhead_is_turned_over():
    matrix = leveling(Plane(-UP, -1.0, 1.0), np.zeros(3))
    np.testing.assert_allclose(matrix @ [2, 3, 0, 1], [2, -3, 1, 1])


@pytest.mark.parametrize("picked", [np.zeros((2, 3)), np.arange(9.0).reshape(3, 3), np.zeros((3, 3))])
def test_points_on_a_line_are_refused(picked):
    with pytest.raises(TttlrmError, match="three points"):
        through(picked, room(0))
