# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes among the points of a scene: grounds, walls, tables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TRIES, SEED = 400, 0  # planes through three points each
THICKNESS = 0.01  # of a plane, as a share of the scene's radius
ENOUGH = 0.12  # share of the points that makes a plane
PLANES = 3  # at most


class Plane(NamedTuple):
    """Points x with normal · x = offset."""

    normal: np.ndarray  # [3], of unit length
    offset: float
    share: float  # of all points that lie in it


def find_planes(
    points: np.ndarray,  # [N, 3], in a scene of radius 1
) -> list[Plane]:
    """The planes that hold most of the points, largest first, each found among the points that those before left over."""
    random, left = np.random.default_rng(SEED), points
    planes: list[Plane] = []
    while len(planes) < PLANES and len(left) >= max(3, ENOUGH * len(points)):
        normal, offset = _best_plane(left, random)
        inside = np.abs(left @ normal - offset) < THICKNESS
        if not normal.any() or inside.sum() < ENOUGH * len(points):
            break
        planes.append(Plane(*fitted(left[inside]), float(inside.sum() / len(points))))
        left = left[~inside]
    return planes


def _best_plane(points: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """The one of many planes through three points that the most points lie in; its normal is zero where all points are one."""
    corners = points[random.integers(len(points), size=(TRIES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 1e-9)
    offsets = (normals * corners[:, 0]).sum(1)
    counts = (np.abs(points @ normals.T - offsets) < THICKNESS).sum(0) * (lengths[:, 0] > 1e-9)
    best = counts.argmax()
    return normals[best], float(offsets[best])


def fitted(
    points: np.ndarray,  # [N, 3]
) -> tuple[np.ndarray, float]:
    """Unit normal [3] and offset of the plane nearest to points."""
    mean = points.mean(0)
    normal = np.linalg.svd(points - mean, full_matrices=False)[2][2]
    return normal, float(normal @ mean)


def extent(
    points: np.ndarray,  # [N, 3]
) -> tuple[np.ndarray, float]:
    """The middle of the points, and the radius that most of them lie within."""
    center = np.median(points, axis=0)
    return center, float(np.quantile(np.linalg.norm(points - center, axis=1), 0.9)) or 1.0
