# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos confirm pieces of the surface, and nothing else."""

from dataclasses import replace

import numpy as np

from tttlrm_blender.mesh.fuse import FAITH, fuse_depth_maps
from tttlrm_blender.mesh.pieces import confirmed
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings

from .conftest import CENTER, RADIUS, around, trace_views

SMALL, FLOATER = CENTER + np.array([0.72, 0.72, 0.0]), CENTER + np.array([-0.72, 0.0, 0.72])  # small balls beside the large one
TINY = 0.07  # their radius


def ball(center: np.ndarray, radius: float, origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where rays meet a ball."""
    offset = origin - center
    a, b = (directions**2).sum(-1), directions @ offset
    root = b * b - a * (offset @ offset - radius**2)
    return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def balls(origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where rays meet a ball, and two small ones beside it."""
    each = ((CENTER, RADIUS), (SMALL, TINY), (FLOATER, TINY))
    return np.minimum.reduce([ball(center, radius, origin, directions) for center, radius in each])


def test_vertices_where_two_photos_are_sure_confirm_a_piece(sphere_maps):
    directions = np.random.default_rng(0).normal(size=(3000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    surface = CENTER + RADIUS * directions
    assert confirmed(surface, sphere_maps, FAITH)
    assert not confirmed(CENTER + 1.02 * RADIUS * directions, sphere_maps, FAITH)
    assert not confirmed(surface, sphere_maps, 1.0)
    one = np.where(np.arange(len(sphere_maps)) > 0, np.float32(0), sphere_maps.confidence.T).T
    assert not confirmed(surface, replace(sphere_maps, confidence=one), FAITH)


def test_small_pieces_stay_where_photos_confirm_them():
    maps = trace_views(balls, around(30))
    views = zip(maps.depth, maps.cameras.c2w, maps.cameras.intrinsics, strict=True)
    confidence = maps.confidence.copy()
    for view, (depth, c2w, lens) in enumerate(views):
        pose = np.linalg.inv(c2w)
        place = pose[:3, :3] @ FLOATER + pose[:3, 3]
        row, column = np.indices(depth.shape)
        near = np.hypot(column - place[0] / place[2] * lens[0] - lens[2], row - place[1] / place[2] * lens[1] - lens[3]) < 15
        confidence[view] = np.where(near & (np.abs(depth - place[2]) < 2 * TINY), 0.5 * FAITH, confidence[view])
    maps = replace(maps, confidence=confidence)

    def pieces(share: float, faith: float) -> int:
        settings = MeshSettings(texture=0, faces=0, resolution=160, min_piece=share, smooth=0)
        return fuse_depth_maps(maps, settings, Report(), faith=faith).body_count

    assert pieces(0.0, FAITH) == 3
    assert pieces(0.01, FAITH) == 2
    assert pieces(0.01, np.inf) == pieces(0.02, FAITH) == 1
