# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos are compared, and at which depths."""

import numpy as np
import pytest

from tttlrm_blender.errors import Cancelled
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.stereo.neighbors import MOST_POINTS, choose_neighbors, depth_range, scene_points, visible

DISTANCE = 4.0


def ring(*degrees: float) -> Cameras:
    """Cameras around the origin, which they look at, at these angles."""
    angles = np.radians(degrees)
    forward = np.stack([-np.sin(angles), np.zeros_like(angles), np.cos(angles)], 1)
    down = np.tile([0.0, 1.0, 0.0], (len(angles), 1))
    c2w = np.tile(np.eye(4), (len(angles), 1, 1))
    c2w[:, :3, :3] = np.stack([np.cross(down, forward), down, forward], 2)
    c2w[:, :3, 3] = -DISTANCE * forward
    return Cameras(c2w, np.tile([60.0, 60, 32, 24], (len(angles), 1)), np.tile([[64, 48]], (len(angles), 1)))


def cloud(count: int) -> np.ndarray:
    """Points within half a unit of the origin."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, (count, 3)).astype(np.float32)


def test_few_of_many_points_are_used() -> None:
    points = cloud(10 * MOST_POINTS + 1)
    some = scene_points(ring(0, 10), points)
    assert MOST_POINTS / 2 < len(some) <= MOST_POINTS and (some[1] == points[11]).all()


@pytest.mark.parametrize("points", [None, cloud(0), cloud(5), cloud(500) + 100], ids=["unknown", "none", "few", "elsewhere"])
def test_without_points_in_sight_they_are_guessed_around_what_cameras_look_at(points) -> None:
    cameras = ring(0, 10, 20)
    seen, depths = visible(cameras, scene_points(cameras, points))
    assert seen.any(1).all() and depths[seen].min() < DISTANCE < depths[seen].max()


def test_photos_are_compared_with_those_from_other_directions() -> None:
    cameras = ring(0, 1, 12, 40, 180)
    chosen = choose_neighbors(cameras, scene_points(cameras, cloud(100)), 2)
    assert chosen[0][0] == 2 and 4 not in chosen[0]
    assert all(view not in others and len(others) <= 2 for view, others in enumerate(chosen))


def test_cameras_in_one_place_have_no_neighbors() -> None:
    cameras = ring(0, 0, 0)
    cameras.c2w[:, :3, 3] = 0
    assert choose_neighbors(cameras, scene_points(cameras, None), 8) == [[], [], []]


def test_depths_are_those_of_the_points_with_room_to_spare() -> None:
    cameras, points = ring(0, 10), cloud(100)
    near, far = depth_range(0, cameras, scene_points(cameras, points))
    assert 0 < near < DISTANCE - 0.4 and DISTANCE + 0.4 < far < 2 * DISTANCE


def test_the_choice_can_be_canceled() -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        choose_neighbors(ring(0, 10), cloud(10).astype(np.float64), 2, stop)
