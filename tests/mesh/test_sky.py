# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth in the sky does not count."""

from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import DepthMaps, rays
from tttlrm_blender.mesh.sky import without_sky

HEIGHT, WIDTH, ROOF, LEVEL = 60, 80, 20, 40  # rows of the roof's edge and, as the cameras look up, of the horizon


@pytest.fixture
def photos() -> np.ndarray:
    """Three views of a busy front below a plain sky, with a plain window and, below the horizon, plain sand."""
    front = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)
    front[:, :ROOF] = (230, 240, 250)
    front[:, 26:38, 30:50] = 200
    front[:, 48:] = 220
    return front


@pytest.fixture
def maps(photos) -> DepthMaps:
    """Level cameras that look to different sides, and up."""
    c2w = np.tile(np.eye(4), (3, 1, 1))
    up = np.arctan2(LEVEL - HEIGHT / 2, WIDTH)
    pitch = np.array([[1, 0, 0], [0, np.cos(up), -np.sin(up)], [0, np.sin(up), np.cos(up)]])
    for pose, yaw in zip(c2w, (-1.2, 0.0, 1.3), strict=True):
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        pose[:3, :3] = turn @ pitch
    lens = np.tile([WIDTH, WIDTH, WIDTH / 2, HEIGHT / 2], (3, 1)).astype(float)
    everywhere = np.ones((3, HEIGHT, WIDTH), np.float32)
    return DepthMaps(7 * everywhere, everywhere, photos, Cameras(c2w, lens, np.tile([WIDTH, HEIGHT], (3, 1))))


def test_plain_regions_above_the_horizon_that_reach_the_border_are_sky(maps, photos):
    kept = without_sky(maps, photos)
    sky = np.broadcast_to(np.arange(HEIGHT)[:, None] < ROOF, kept.depth.shape)
    np.testing.assert_array_equal(kept.depth, np.where(sky, 0, 7))
    np.testing.assert_array_equal(kept.confidence, np.where(sky, 0, 1))


@pytest.mark.parametrize("darker", [20, 60])
def test_a_plain_roof_before_the_sky_is_none(maps, photos, darker):
    roof = slice(8, ROOF), slice(25, 55)  # inside of the photo
    photos[:, *roof] -= np.uint8(darker)
    kept = without_sky(maps, photos).depth
    assert (kept[:, *roof] == 7).all()
    assert not kept[:, :8].any()


def test_the_sky_ends_at_the_horizon(maps, photos):
    blank = np.full_like(photos, 240)
    rows = np.broadcast_to(np.arange(HEIGHT)[:, None], maps.depth.shape)
    kept = without_sky(maps, blank).depth
    assert not kept[rows < LEVEL - 2].any() and (kept[rows > LEVEL + 2] == 7).all()


def test_busy_pictures_have_no_sky(maps):
    busy = np.random.default_rng(1).integers(0, 256, maps.color.shape, dtype=np.uint8)
    np.testing.assert_array_equal(without_sky(maps, busy).depth, maps.depth)


ASIDE = (-2.0, 0.0, 1.5)  # where the cameras of a room stand


def shaded(maps: DepthMaps, at_infinity: bool) -> np.ndarray:
    """Photos of a shade that varies with the direction, in the sky, or else with the place, 7 before the cameras."""
    across = rays(maps.cameras.intrinsics[0], HEIGHT, WIDTH)[..., 0]
    where = np.stack([7 * across + (0 if at_infinity else aside) for aside in ASIDE])
    return np.repeat((120 + 6 * np.sin(0.9 * where))[..., None], 3, axis=-1).astype(np.uint8)


@pytest.fixture
def side_by_side(maps) -> DepthMaps:
    """Level cameras that look the same way."""
    c2w = np.tile(np.eye(4), (3, 1, 1))
    c2w[:, 0, 3] = ASIDE
    return replace(maps, cameras=replace(maps.cameras, c2w=c2w))


@pytest.mark.parametrize("gain", [1.0, 0.8])
def test_plain_walls_are_no_sky(side_by_side, gain):
    photos = shaded(side_by_side, at_infinity=False)
    photos[1] = photos[1] * gain  # a shorter exposure
    np.testing.assert_array_equal(without_sky(side_by_side, photos).depth, side_by_side.depth)


def test_the_sky_is_the_same_from_everywhere(side_by_side):
    rows = np.broadcast_to(np.arange(HEIGHT)[:, None], side_by_side.depth.shape)
    kept = without_sky(side_by_side, shaded(side_by_side, at_infinity=True)).depth
    np.testing.assert_array_equal(kept, np.where(rows < HEIGHT / 2, 0, 7))
