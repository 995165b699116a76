# SPDX-License-Identifier: GPL-3.0-or-later
"""A world that people can work in, where cameras were estimated: z up, the ground at 0, the scene in the middle, a sensible size.

Structure from motion leaves all of that open. People hold cameras level, and scenes have floors and walls: each of these
says something about where up is, and all of it together is one small eigenvalue problem.
"""

from __future__ import annotations

import numpy as np

from ..geometry.planes import Plane, extent, find_planes
from ..geometry.similarity import Similarity

LEVEL, TILT = 1.0, 0.05  # weights: cameras are hardly ever rolled, but often pitched
FLAT = 10.0  # weight of a plane that holds all points
NEARLY = 25.0  # degrees by which the cameras may be wrong about up
RADIUS = 4.0  # of most of a scene whose size nobody knows, in Blender's units


def upright(
    c2w: np.ndarray,  # [V, 4, 4], OpenCV axes
    points: np.ndarray,  # [N, 3], on the surfaces of the scene
    scale: float = 0.0,  # meters per unit of length, where it is known
) -> Similarity:
    """The map from the world of estimated cameras to one in which z is up.

    The mean camera looks along +y, or square to the largest wall where there is one; the points' median is above the origin.
    """
    center, radius = extent(points)
    planes = find_planes((points - center) / radius)
    up = up_direction(c2w, planes)
    rotation = _facing(up, _heading(c2w, up, planes))
    turned = (points - center) @ rotation.T
    ground = _ground(turned, planes, up, radius)
    scale = scale or RADIUS / radius
    middle = np.array([*np.median(turned[:, :2], axis=0), ground])
    return Similarity(scale, rotation, -scale * (rotation @ center + middle))


def up_direction(
    c2w: np.ndarray,  # [V, 4, 4]
    planes: list[Plane],
) -> np.ndarray:
    """The unit vector [3] that is most square to the cameras' x axes, along their own up, square to walls and to the ground."""
    right, up = c2w[:, :3, 0], -c2w[:, :3, 1]
    cost = LEVEL * right.T @ right / len(c2w) + TILT * (np.eye(3) - up.T @ up / len(c2w))
    rough = _least(cost, up.mean(0))
    for plane in planes:
        angle = np.degrees(np.arccos(abs(plane.normal @ rough).clip(0, 1)))
        outer = np.outer(plane.normal, plane.normal)
        if angle > 90 - NEARLY:
            cost = cost + FLAT * plane.share * outer
        elif angle < NEARLY:
            cost = cost + FLAT * plane.share * (np.eye(3) - outer)
    return _least(cost, up.mean(0))


def _heading(c2w: np.ndarray, up: np.ndarray, planes: list[Plane]) -> np.ndarray:
    """Where +y is to point: into the largest wall, else where the cameras look on the whole, else where the first looks."""
    looks = c2w[:, :3, 2] - np.outer(c2w[:, :3, 2] @ up, up)
    mean = looks.mean(0) if np.linalg.norm(looks.mean(0)) > 0.3 else looks[0]
    walls = [plane.normal for plane in planes if abs(plane.normal @ up) < np.sin(np.radians(NEARLY))]
    return walls[0] * np.sign(walls[0] @ mean) if walls and abs(walls[0] @ mean) > 0.5 * np.linalg.norm(mean) else mean


def _facing(up: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """The rotation [3, 3] that takes `up` to +z and a heading to +y, nearly."""
    across = np.cross(heading, up)
    if np.linalg.norm(across) < 1e-6:  # cameras that look straight down have no heading
        across = np.cross(np.eye(3)[np.abs(up).argmin()], up)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(up, across), up])


def _ground(points: np.ndarray, planes: list[Plane], up: np.ndarray, radius: float) -> float:
    """The height of the lowest large level plane, else of the lowest points that are more than stray ones."""
    levels = [plane.offset * np.sign(plane.normal @ up) * radius for plane in planes if abs(plane.normal @ up) > 0.95]
    lowest = float(np.quantile(points[:, 2], 0.02))
    return min(levels) if levels and min(levels) < np.median(points[:, 2]) else lowest


def _least(cost: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """The unit vector of least cost, on the side that `toward` is on."""
    vector = np.linalg.eigh(cost)[1][:, 0]
    return vector if vector @ toward >= 0 else -vector
