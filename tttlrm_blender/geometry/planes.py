# SPDX-License-Identifier: GPL-3.0-or-later
"""Planes among the points of a scene, such as ground, walls and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SEED = 0


@dataclass(frozen=True)
class Search:
    """What counts as a plane, and how many candidates are tried."""

    thickness: float = 0.01  # as a share of the scene's radius
    enough: float = 0.12  # share of the points that a plane needs
    most: int = 3  # planes
    tries: int = 400  # candidates, each through three points


USUAL = Search()


class Plane(NamedTuple):
    """Points x with normal · x = offset."""

    normal: np.ndarray  # [3], of unit length
    offset: float
    share: float  # of all points, those that lie in it


def find_planes(
    points: np.ndarray,  # [N, 3], in a scene of radius 1
    search: Search = USUAL,
) -> list[Plane]:
    """The planes that contain most of the points, largest first; each is found among the points not in earlier planes."""
    random, left = np.random.default_rng(SEED), points
    planes: list[Plane] = []
    while len(planes) < search.most and len(left) >= max(3, search.enough * len(points)):
        normal, offset = _best_plane(left, random, search)
        inside = np.abs(left @ normal - offset) < search.thickness
        if not normal.any() or inside.sum() < search.enough * len(points):
            break
        planes.append(Plane(*fitted(left[inside]), float(inside.sum() / len(points))))
        left = left[~inside]
    return planes


def _best_plane(points: np.ndarray, random: np.random.Generator, search: Search) -> tuple[np.ndarray, float]:
    """The plane that contains the most points, of many through three; its normal is zero where all points coincide."""
    corners = points[random.integers(len(points), size=(search.tries, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 1e-9)
    offsets = (normals * corners[:, 0]).sum(1)
    counts = (np.abs(points @ normals.T - offsets) < search.thickness).sum(0) * (lengths[:, 0] > 1e-9)
    best = counts.argmax()
    return normals[best], float(offsets[best])


def fitted(
    points: np.ndarray,  # [N, 3]
) -> tuple[np.ndarray, float]:
    """Unit normal [3] and offset of the least-squares plane of points."""
    mean = points.mean(0)
    normal = np.linalg.svd(points - mean, full_matrices=False)[2][2]
    return normal, float(normal @ mean)


def extent(
    points: np.ndarray,  # [N, 3]
) -> tuple[np.ndarray, float]:
    """The median of the points, and the radius around it that contains 90 % of them."""
    center = np.median(points, axis=0)
    return center, float(np.quantile(np.linalg.norm(points - center, axis=1), 0.9)) or 1.0
