# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras around shapes, and exact depth maps of them."""

from collections.abc import Callable

import numpy as np
import pytest

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import DepthMaps, depth_confidence, rays

SIZE = (120, 90)  # width, height
RADIUS = 0.8
HALF = np.array([0.9, 0.6, 0.4])  # half sides of the box
CENTER = np.array([0.3, -0.2, 0.5])

Trace = Callable[[np.ndarray, np.ndarray], np.ndarray]  # origin [3], directions [..., 3] to distances [...], inf for a miss


def around(count: int, distance: float = 3.0, center: np.ndarray = CENTER) -> Cameras:
    """Cameras all around a point, evenly spread, that look at it."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    places = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=1)
    poses = np.tile(np.eye(4), (count, 1, 1))
    for pose, place in zip(poses, places, strict=True):
        right = np.cross([0, 0, -1.0], -place)
        right /= np.linalg.norm(right)
        pose[:3, :3] = np.stack([right, np.cross(-place, right), -place], axis=1)
        pose[:3, 3] = center + distance * place
    width, height = SIZE
    intrinsics = np.tile([1.4 * width, 1.4 * width, width / 2, height / 2], (count, 1))
    return Cameras(poses, intrinsics, np.tile(SIZE, (count, 1)))


def sphere(origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where rays meet the sphere."""
    offset = origin - CENTER
    a, b = (directions**2).sum(-1), directions @ offset
    root = b * b - a * (offset @ offset - RADIUS**2)
    return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def box(origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where rays meet the box."""
    with np.errstate(divide="ignore"):
        planes = np.stack([(CENTER + sign * HALF - origin) / directions for sign in (-1, 1)])
    enter, leave = planes.min(0).max(-1), planes.max(0).min(-1)
    return np.where(enter < leave, enter, np.inf)


def trace_views(shape: Trace, cameras: Cameras) -> DepthMaps:
    """Depth maps of a shape whose color is its position, folded into 0 to 1."""
    depths, confidences, colors = [], [], []
    for c2w, intrinsics in zip(cameras.c2w, cameras.intrinsics, strict=True):
        directions = rays(intrinsics, SIZE[1], SIZE[0]).astype(np.float64) @ c2w[:3, :3].T
        depth = shape(c2w[:3, 3], directions)
        hit = np.isfinite(depth)
        depth = np.where(hit, depth, 0).astype(np.float32)
        depths.append(depth)
        confidences.append(depth_confidence(depth, hit.astype(np.float32), intrinsics))
        colors.append(paint(c2w[:3, 3] + directions * depth[..., None]) * 255)
    return DepthMaps(np.stack(depths), np.stack(confidences), np.stack(colors).astype(np.uint8), cameras)


def paint(points: np.ndarray) -> np.ndarray:
    """Smooth colors, 0 to 1, of points near the shapes."""
    return np.clip(0.5 + 0.5 * (points - CENTER), 0, 1)


@pytest.fixture(scope="session")
def sphere_maps() -> DepthMaps:
    """A sphere from all sides."""
    return trace_views(sphere, around(30))


@pytest.fixture(scope="session")
def box_maps() -> DepthMaps:
    """A box from all sides."""
    return trace_views(box, around(40))
