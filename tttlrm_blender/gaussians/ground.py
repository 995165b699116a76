# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground under splats, and how to lay it on z = 0."""

from __future__ import annotations

import numpy as np

from ..errors import TttlrmError
from ..planes import SEED, Plane, extent, find_planes, fitted

SAMPLE = 10_000  # splats are enough to find a plane
OPAQUE = 0.5  # the fainter ones say little about where surfaces are
STEEP = 45.0  # degrees between the ground and what cameras take for level


def find_ground(
    means: np.ndarray,  # [N, 3]
    opacities: np.ndarray,  # [N]
    c2w: np.ndarray | None = None,  # [V, 4, 4] OpenCV axes, the cameras that saw the scene
) -> Plane:
    """The plane that is most likely the ground, its normal upwards.

    Among the large planes it is the one that has the others' splats on one side; with cameras, it is nearly level for them and below them.
    Raises `TttlrmError` where there is no plane.
    """
    points = _sample(means[opacities > OPAQUE] if (opacities > OPAQUE).any() else means)
    center, radius = extent(points) if len(points) else (np.zeros(3), 1.0)
    planes = find_planes((points - center) / radius)
    if not planes:
        raise TttlrmError(
            "No plane holds enough of the splats to be the ground.", "Select three or more splats that lie on it.", "no_ground"
        )
    found = [upward(plane.normal, plane.offset * radius + plane.normal @ center, points, c2w) for plane in planes]
    worth = [plane.share * _worth(ground, points, radius, c2w) for plane, ground in zip(planes, found, strict=True)]
    return found[int(np.argmax(worth))]


def through(
    picked: np.ndarray,  # [K, 3], three or more
    means: np.ndarray,  # [N, 3]
    c2w: np.ndarray | None = None,  # [V, 4, 4]
) -> Plane:
    """The plane nearest to points on the ground, its normal upwards. Raises `TttlrmError` for points on a line, or fewer than three."""
    picked = np.asarray(picked, dtype=np.float64)
    spread = np.linalg.svd(picked - picked.mean(axis=0), compute_uv=False) if len(picked) > 2 else np.zeros(3)
    if spread[1] <= 1e-4 * spread[0]:
        raise TttlrmError("A ground needs three points that are not on a line.", "Choose points that lie apart.", "no_ground")
    return upward(*fitted(_sample(picked)), _sample(means), c2w)


def upward(
    normal: np.ndarray,  # [3], of unit length
    offset: float,
    points: np.ndarray,  # [N, 3]
    c2w: np.ndarray | None = None,  # [V, 4, 4]
) -> Plane:
    """A plane with its normal towards the cameras or, without any, towards the side with more of the points."""
    above = (points if c2w is None else c2w[:, :3, 3]) @ normal - offset
    sign = 1.0 if np.count_nonzero(above > 0) >= np.count_nonzero(above < 0) else -1.0
    if c2w is None:  # points in the plane are on either side by chance
        sign = 1.0 if above.mean() >= 0 else -1.0
    return Plane(sign * normal, float(sign * offset), 1.0)


def levelling(
    plane: Plane,
    middle: np.ndarray,  # [3], the point of the plane below this one keeps its x and y
) -> np.ndarray:  # [4, 4]
    """The smallest turn that makes a plane's normal +z, and the move that brings the plane to z = 0."""
    foot = middle - (plane.normal @ middle - plane.offset) * plane.normal
    matrix = np.eye(4)
    matrix[:3, :3] = _turn_up(plane.normal)
    matrix[:3, 3] = [*foot[:2], 0] - matrix[:3, :3] @ foot
    return matrix


def _turn_up(up: np.ndarray) -> np.ndarray:
    """Rodrigues' rotation [3, 3] of a unit vector onto +z; a half turn about x where it points down."""
    if up[2] < -0.999999:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0, 0, -up[0]], [0, 0, -up[1]], [up[0], up[1], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + up[2])


def _worth(plane: Plane, points: np.ndarray, radius: float, c2w: np.ndarray | None) -> float:
    """How much a plane is like a ground, 0 to 1: everything lies above it, and it is level for the cameras."""
    heights = (points @ plane.normal - plane.offset) / radius
    above, below = np.count_nonzero(heights > 0.05), np.count_nonzero(heights < -0.05)
    one_sided = max(above - below, 0) / max(above + below, 1)
    if c2w is None:
        return one_sided
    up = -c2w[:, :3, 1].mean(axis=0)
    level = plane.normal @ up / max(float(np.linalg.norm(up)), 1e-12)
    return (0.1 + one_sided) * (level > np.cos(np.radians(STEEP)))


def _sample(points: np.ndarray) -> np.ndarray:
    """[M, 3] float64, at most `SAMPLE` of the points, always the same ones."""
    if len(points) > SAMPLE:
        points = points[np.random.default_rng(SEED).choice(len(points), SAMPLE, replace=False)]
    return np.asarray(points, dtype=np.float64)
