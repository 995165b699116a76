# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground under splats, and how to lay it on z = 0."""

from __future__ import annotations

import numpy as np

from ..errors import Code, TttlrmError
from ..geometry.planes import SEED, Plane, Search, extent, find_planes, fitted

SAMPLE = 4_000  # splats are enough to find a plane
SEARCH = Search(
    thickness=0.02, enough=0.06, most=5, tries=1000
)  # splats lie about surfaces, and a ground may be a small part of a scene
OPAQUE = 0.5  # the fainter ones say little about where surfaces are
LOWEST = 0.02  # share of the splats that may lie below the ground
STEEP = 45.0  # degrees between the ground and what cameras take for level


def find_ground(
    means: np.ndarray,  # [N, 3]
    opacities: np.ndarray,  # [N]
    c2w: np.ndarray | None = None,  # [V, 4, 4] OpenCV axes, the cameras that saw the scene
) -> Plane:
    """The plane that is most likely the ground, its normal upwards.

    Among the large planes it is the one that has the other splats on one side; with cameras, one that is nearly level for them
    and below them, and where there is none, the level of the lowest splats. Raises `TttlrmError` where nothing tells.
    """
    points = _sample(means[opacities > OPAQUE] if (opacities > OPAQUE).any() else means)
    center, radius = extent(points) if len(points) else (np.zeros(3), 1.0)
    planes = find_planes((points - center) / radius, SEARCH)
    grounds = [upward(plane.normal, plane.offset * radius + plane.normal @ center, points, c2w) for plane in planes]
    worth = [plane.share * _worth(ground, points, radius, c2w) for plane, ground in zip(planes, grounds, strict=True)]
    if max(worth, default=0) > 0:
        return grounds[int(np.argmax(worth))]
    if c2w is None or not len(points):
        hint = "Select three or more splats that lie on it, and align to those."
        raise TttlrmError("No plane holds enough of the splats to be the ground.", hint=hint, code=Code.NO_GROUND)
    up = mean_up(c2w)
    return Plane(up, float(np.quantile(points @ up, LOWEST)), 0.0)


def through(
    picked: np.ndarray,  # [K, 3], three or more
    means: np.ndarray,  # [N, 3]
    c2w: np.ndarray | None = None,  # [V, 4, 4]
) -> Plane:
    """The plane nearest to points on the ground, its normal upwards.

    Raises `TttlrmError` for points on a line, or fewer than three.
    """
    picked = np.asarray(picked, dtype=np.float64)
    spread = np.linalg.svd(picked - picked.mean(axis=0), compute_uv=False) if len(picked) > 2 else np.zeros(3)
    if spread[1] <= 1e-4 * spread[0]:
        raise TttlrmError(
            "A ground needs three points that are not on a line.", hint="Choose points that lie apart.", code=Code.NO_GROUND
        )
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


def leveling(
    plane: Plane,
    middle: np.ndarray,  # [3], the point of the plane below this one keeps its x and y
) -> np.ndarray:  # [4, 4]
    """The smallest turn that makes a plane's normal +z, and the move that brings the plane to z = 0."""
    foot = middle - (plane.normal @ middle - plane.offset) * plane.normal
    matrix = np.eye(4)
    matrix[:3, :3] = turn_up(plane.normal)
    matrix[:3, 3] = [*foot[:2], 0] - matrix[:3, :3] @ foot
    return matrix


def turn_up(
    up: np.ndarray,  # [3], of unit length
) -> np.ndarray:  # [3, 3]
    """Rodrigues' rotation of a direction onto +z; a half turn about x where it points down."""
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
    return (0.1 + one_sided) * float(plane.normal @ mean_up(c2w) > np.cos(np.radians(STEEP)))


def mean_up(
    c2w: np.ndarray,  # [V, 4, 4], OpenCV axes
) -> np.ndarray:  # [3]
    """The mean upward direction of cameras."""
    up = -c2w[:, :3, 1].mean(axis=0)
    return up / max(float(np.linalg.norm(up)), 1e-12)


def _sample(points: np.ndarray) -> np.ndarray:
    """[M, 3] float64, at most `SAMPLE` of the points, always the same ones."""
    if len(points) > SAMPLE:
        points = points[np.random.default_rng(SEED).choice(len(points), SAMPLE, replace=False)]
    return np.asarray(points, dtype=np.float64)
