# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes that are known complete depth maps, where photos show them in the same colors."""

from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.mesh.depth_maps import DepthMaps
from tttlrm_blender.mesh.known_planes import REACH, completed, known_planes, plane_depth, votes, votes_reference

from .conftest import CENTER, HALF

FAITH = 0.1


@pytest.fixture(scope="module")
def open_maps(box_maps) -> DepthMaps:
    """The box, of which nothing is known in every tenth row."""
    known = np.broadcast_to(np.arange(90)[:, None] % 10 > 0, box_maps.depth.shape)
    return replace(box_maps, confidence=np.where(known, box_maps.confidence, 0))


def off(maps: DepthMaps) -> DepthMaps:
    """The maps with depth that is 10 % off, as that of splats may be."""
    return replace(maps, depth=maps.depth * np.float32(1.1))


def test_planes_of_the_scene_are_found(box_maps):
    planes = known_planes(box_maps)
    assert len(planes) == 6
    for plane in planes:
        axis = np.abs(plane.normal).argmax()
        assert abs(plane.normal[axis]) > 0.9999
        assert abs(plane.offset - plane.normal @ CENTER) == pytest.approx(HALF[axis], rel=1e-3)
        sides = np.sort(1 / np.linalg.norm(plane.axes, axis=1))
        np.testing.assert_allclose(sides, (1 + REACH) * np.sort(np.delete(HALF, axis)), rtol=0.1)
        np.testing.assert_allclose(np.delete(plane.center - CENTER, axis), 0, atol=0.05)
    assert known_planes(replace(box_maps, confidence=np.zeros_like(box_maps.confidence))) == []


@pytest.mark.parametrize("view", [0, 7])
def test_kernel_agrees_with_the_reference(open_maps, box_maps, view):
    tried = box_maps.depth[view] * np.where(np.arange(120) < 60, np.float32(1), np.float32(0.97))
    fast, plain = (count(view, tried, open_maps, box_maps.color) for count in (votes, votes_reference))
    assert plain.max() > 1 and plain.min() < -1
    assert (np.abs(fast - plain) > 1e-3).mean() < 0.02  # rounding decides at the border of pixels, one of 39 views at a time


def test_planes_complete_what_is_open(box_maps, open_maps):
    maps = completed(open_maps, off(box_maps), box_maps.color, FAITH)
    was_open = (open_maps.confidence == 0) & (box_maps.confidence > 0)
    added = was_open & (maps.confidence > 0)
    assert added.sum() > 0.7 * was_open.sum()
    assert np.abs(maps.depth / box_maps.depth - 1)[added].max() < 0.005
    assert maps.confidence[added].max() <= FAITH
    known = open_maps.confidence > 0
    np.testing.assert_array_equal(maps.confidence[known], open_maps.confidence[known])
    np.testing.assert_array_equal(maps.depth[known], open_maps.depth[known])


def test_planes_end_with_their_points(box_maps):
    nothing = replace(box_maps, confidence=np.zeros_like(box_maps.confidence))
    for plane in known_planes(box_maps)[:2]:
        here = plane_depth(0, [plane], nothing, box_maps.depth[0], box_maps.color)[0]
        moved = plane._replace(center=plane.center + 2 * (plane.axes / (plane.axes**2).sum(axis=1, keepdims=True)).sum(axis=0))
        elsewhere = plane_depth(0, [moved], nothing, box_maps.depth[0], box_maps.color)[0]
        assert np.count_nonzero(elsewhere) <= 0.2 * np.count_nonzero(here)


def test_other_colors_or_splats_elsewhere_leave_it_open(box_maps, open_maps):
    def added(splats: DepthMaps, colors: np.ndarray) -> int:
        return np.count_nonzero(completed(open_maps, splats, colors, FAITH).confidence) - np.count_nonzero(open_maps.confidence)

    strange = box_maps.color + (40 * np.arange(40, dtype=np.uint8) % 250)[:, None, None, None]
    assert added(box_maps, strange) < 0.2 * added(box_maps, box_maps.color)
    assert added(replace(box_maps, depth=np.zeros_like(box_maps.depth)), box_maps.color) == 0
    assert added(replace(box_maps, depth=2 * box_maps.depth), box_maps.color) == 0
