# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground goes on where photos show it, and splats before and below it in its color go."""

from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import DepthMaps, rays
from tttlrm_blender.mesh.ground import with_ground

from .conftest import CENTER, HALF, around, box, trace_views

FAITH = 0.1
LEVEL = CENTER[2] - HALF[2]
FAR = 1.2  # where nothing of the ground is known, along x from the center


def on_ground(origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where rays meet the box on the ground, or the ground."""
    with np.errstate(divide="ignore"):
        ground = (LEVEL - origin[2]) / directions[..., 2]
    return np.minimum(box(origin, directions), np.where(ground > 0, ground, np.inf))


def points_of(maps: DepthMaps) -> np.ndarray:
    """The points [V, H, W, 3] of all pixels."""
    views = zip(maps.depth, maps.cameras.c2w, maps.cameras.intrinsics, strict=True)
    return np.stack([(rays(lens, *z.shape) * z[..., None]) @ c2w[:3, :3].T + c2w[:3, 3] for z, c2w, lens in views])


@pytest.fixture(scope="module")
def whole() -> DepthMaps:
    """A box on the ground from above."""
    cameras = around(40)
    return trace_views(on_ground, cameras[np.flatnonzero(cameras.c2w[:, 2, 3] > LEVEL + 1.2)])


@pytest.fixture(scope="module")
def half(whole) -> DepthMaps:
    """The same, where nothing of the ground is known on one side."""
    points = points_of(whole)
    unknown = (points[..., 0] > CENTER[0] + FAR) & (points[..., 2] < LEVEL + 0.01)
    return replace(whole, confidence=np.where(unknown, 0, whole.confidence))


def laid(maps: DepthMaps) -> np.ndarray:
    """The points of the last view that count [N, 3]."""
    return points_of(maps)[-1][maps.confidence[-1] > 0]


def test_ground_goes_on_where_splats_are_near_it(whole, half):
    for scale in (0.9, 1.0, 1.2):
        found = with_ground(half, replace(whole, depth=whole.depth * np.float32(scale)), whole.color, FAITH)
        assert len(found) == len(half) + 1
        points = laid(found)
        np.testing.assert_allclose(points[:, 2], LEVEL, atol=0.005)
        added = points[:, 0] > CENTER[0] + FAR
        assert 0.1 < added.mean() < 0.9
        under = (np.abs(points - CENTER)[:, :2] < HALF[:2] / 2).all(axis=1)
        assert not under.any()
        np.testing.assert_array_equal(found.depth[:-1], half.depth)
        np.testing.assert_array_equal(found.confidence[:-1], half.confidence)
        assert found.confidence[-1].max() == np.float32(FAITH)


@pytest.mark.parametrize("scale", [0.0, 0.7, 5.0])
def test_it_ends_where_splats_show_nothing_or_something_else(whole, half, scale):
    points = laid(with_ground(half, replace(whole, depth=whole.depth * np.float32(scale)), whole.color, FAITH))
    assert len(points)
    assert points[:, 0].max() < CENTER[0] + FAR + 0.2


def test_a_level_with_known_surfaces_below_is_no_ground(whole, half):
    depth = half.depth.copy()
    depth[:, 70:] *= 1.2
    pit = replace(half, depth=depth, confidence=np.where(half.depth == depth, half.confidence, 1))
    assert with_ground(pit, whole, whole.color, FAITH) is pit


def test_a_ceiling_is_no_ground(whole, half):
    turned = np.diag([1, -1, -1, 1.0])  # upside down, with cameras that stay level
    c2w = turned @ half.cameras.c2w @ np.diag([-1, -1, 1, 1.0])
    lens = half.cameras.intrinsics.copy()
    arrays = (np.ascontiguousarray(each[:, ::-1, ::-1]) for each in (half.depth, half.confidence, half.color))
    ceiling = DepthMaps(*arrays, Cameras(c2w, lens, half.cameras.sizes))
    assert with_ground(ceiling, ceiling, ceiling.color, FAITH) is ceiling


@pytest.mark.parametrize(("scale", "radius"), [(0.9, 3), (1.1, 0.75)])
def test_splats_before_and_below_the_ground_in_its_color_go(whole, scale, radius):
    points = points_of(whole)
    hazy = (points[..., 2] < LEVEL + 0.01) & (np.arange(len(whole)) % 3 == 0)[:, None, None] & (whole.confidence > 0)
    hazy &= (np.abs(points - CENTER) < radius).all(axis=-1)
    depth = np.where(hazy, scale * whole.depth, whole.depth)
    maps = replace(whole, depth=depth, confidence=np.where(hazy, 0.05, whole.confidence))
    cleared = with_ground(maps, whole, whole.color, FAITH).confidence[:-1] == 0
    assert (cleared & hazy).sum() > 0.6 * hazy.sum()  # the plan is coarse, and colors change along it
    assert not (cleared & ~hazy & (whole.confidence > 0)).any()
    strange = whole.color + np.where(hazy, 40, 0).astype(np.uint8)[..., None]
    kept = with_ground(maps, whole, strange, FAITH).confidence[:-1] > 0
    assert (kept & hazy).sum() > 0.8 * hazy.sum()
