# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of estimated cameras are turned upright, with the ground at 0, centered, at a sensible scale."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tttlrm_blender.geometry.planes import find_planes
from tttlrm_blender.geometry.similarity import Similarity
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.upright import RADIUS, upright
from tttlrm_blender.poses.world_frame import moved, scene_world

UP = np.array([0.0, 0.0, 1.0])


def looking(position: np.ndarray, target: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """A camera [4, 4] at a position, level except for a roll in degrees."""
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, UP) / np.linalg.norm(np.cross(forward, UP))
    rotation = np.stack([right, np.cross(forward, right), forward], 1)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation @ Rotation.from_euler("z", roll, degrees=True).as_matrix(), position
    return pose


def orbit(seed: int, views: int = 12, height: float = 1.5) -> np.ndarray:
    """Cameras [V, 4, 4] around the origin, looking down at it, rolled a little."""
    chance = np.random.default_rng(seed)
    angles = chance.uniform(0, 2 * np.pi, views)
    places = np.stack([3 * np.cos(angles), 3 * np.sin(angles), np.full(views, height)], 1)
    return np.stack([looking(place, np.zeros(3), roll) for place, roll in zip(places, chance.normal(0, 2, views), strict=True)])


def wall(chance: np.random.Generator, count: int = 600) -> np.ndarray:
    """Points on a wall at y = 2, from the ground up to z = 3, and a few strays before it."""
    points = np.stack([chance.uniform(-3, 3, count), np.full(count, 2.0), chance.uniform(0, 3, count)], 1)
    return np.concatenate([points, chance.uniform([-3, 0, 0], [3, 2, 3], (count // 4, 3))])


def facade(seed: int, views: int = 9) -> np.ndarray:
    """Cameras [V, 4, 4] in a row before the wall, all pitched up as people do before tall houses."""
    chance = np.random.default_rng(seed)
    places = np.stack([chance.uniform(-2, 2, views), np.full(views, -3.0), np.full(views, 1.6)], 1)
    return np.stack([looking(place, np.array([place[0] * 0.7, 2.0, 2.8])) for place in places])


def elsewhere(seed: int, c2w: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same scene in another world, and its up direction there."""
    chance = np.random.default_rng(seed)
    rotation = Rotation.random(random_state=seed).as_matrix()
    world = Similarity(float(chance.uniform(0.1, 10)), rotation, chance.normal(size=3) * 10)
    changed = c2w.copy()
    changed[:, :3, :3], changed[:, :3, 3] = rotation @ c2w[:, :3, :3], world.points(c2w[:, :3, 3])
    return changed, world.points(points), rotation @ UP


def degrees(first: np.ndarray, second: np.ndarray) -> float:
    """The angle between two unit vectors."""
    return float(np.degrees(np.arccos((first @ second).clip(-1, 1))))


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_orbits_stand_upright_in_any_world(seed: int) -> None:
    ball = np.random.default_rng(seed).normal(size=(500, 3)) * 0.4
    c2w, points, up = elsewhere(seed, orbit(seed), ball)
    similarity = upright(c2w, points)
    assert degrees(similarity.rotation @ up, UP) < 5  # twelve cameras that are rolled by 2° mostly
    assert np.linalg.det(similarity.rotation) == pytest.approx(1)
    stood = similarity.points(points)
    assert np.abs(np.median(stood[:, :2], 0)).max() < 0.01 * RADIUS
    assert 0 < (stood[:, 2] < 0).mean() < 0.05
    assert 0.5 * RADIUS < np.quantile(np.linalg.norm(stood - np.median(stood, 0), axis=1), 0.9) < 2 * RADIUS


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_walls_are_vertical_although_all_cameras_are_pitched(seed: int) -> None:
    c2w, points, up = elsewhere(seed, facade(seed), wall(np.random.default_rng(seed)))
    similarity = upright(c2w, points)
    assert degrees(similarity.rotation @ up, UP) < 1
    stood = similarity.points(points)[:600]
    assert stood[:, 1].std() < 0.02 * stood[:, 0].std()  # along x, and before the cameras
    looks = similarity.rotation @ c2w[:, :3, 2].mean(0)
    assert looks[1] > 0.5


def test_a_floor_becomes_the_ground() -> None:
    chance = np.random.default_rng(0)
    floor = np.concatenate([chance.uniform([-2, -2, -0.5], [2, 2, -0.5], (400, 3)), chance.normal(size=(300, 3)) * 0.2])
    c2w, points, up = elsewhere(4, orbit(4), floor)
    similarity = upright(c2w, points)
    assert degrees(similarity.rotation @ up, UP) < 0.5
    np.testing.assert_allclose(similarity.points(points)[:400, 2], 0, atol=0.02 * RADIUS)


def test_a_known_scale_is_kept() -> None:
    assert upright(orbit(0), np.random.default_rng(0).normal(size=(50, 3)), 2.5).scale == 2.5


def test_a_few_points_have_no_plane() -> None:
    assert find_planes(np.random.default_rng(0).normal(size=(300, 3))) == []
    assert find_planes(np.zeros((2, 3))) == []
    assert find_planes(np.ones((50, 3))) == []


def test_the_facade_of_the_castle_is_upright(shared: Path) -> None:
    photos = find_photos(shared / "data/castle", str(shared / "data/colmap/castle"))
    placed = moved(photos, scene_world(photos, "always"))
    assert np.abs([photo.c2w[2, 0] for photo in placed]).max() < np.sin(np.radians(4))  # nobody rolled the camera
    assert all(photo.c2w[1, 2] > 0.8 for photo in placed)  # it looks along +y
