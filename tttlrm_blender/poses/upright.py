# SPDX-License-Identifier: GPL-3.0-or-later
"""A convenient world for estimated cameras: z up, the ground at 0, the scene at the origin, at a sensible scale.

Structure from motion leaves all of that undetermined.
"""

from __future__ import annotations

import numpy as np

from ..geometry.planes import Plane, extent, find_planes
from ..geometry.similarity import Similarity
from ..geometry.up import NEARLY, up_direction

RADIUS = 4.0  # of most of a scene of unknown size, in Blender units


def upright(
    c2w: np.ndarray,  # [V, 4, 4], OpenCV axes
    points: np.ndarray,  # [N, 3], on the surfaces of the scene
    scale: float = 0.0,  # meters per unit of length; 0 if unknown
) -> Similarity:
    """The map from the world of estimated cameras to one with z up.

    The mean camera looks along +y, or the largest wall is perpendicular to +y; the median of the points is above the origin.
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


def _heading(c2w: np.ndarray, up: np.ndarray, planes: list[Plane]) -> np.ndarray:
    """The direction of +y: into the largest wall, else the cameras' mean viewing direction, else that of the first camera."""
    looks = c2w[:, :3, 2] - np.outer(c2w[:, :3, 2] @ up, up)
    mean = looks.mean(0) if np.linalg.norm(looks.mean(0)) > 0.3 else looks[0]
    walls = [plane.normal for plane in planes if abs(plane.normal @ up) < np.sin(np.radians(NEARLY))]
    return walls[0] * np.sign(walls[0] @ mean) if walls and abs(walls[0] @ mean) > 0.5 * np.linalg.norm(mean) else mean


def _facing(up: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """The rotation [3, 3] that maps `up` to +z and a heading to about +y."""
    across = np.cross(heading, up)
    if np.linalg.norm(across) < 1e-6:  # cameras that look straight down have no heading
        across = np.cross(np.eye(3)[np.abs(up).argmin()], up)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(up, across), up])


def _ground(points: np.ndarray, planes: list[Plane], up: np.ndarray, radius: float) -> float:
    """The height of the lowest large level plane, else of the lowest points apart from strays."""
    levels = [plane.offset * np.sign(plane.normal @ up) * radius for plane in planes if abs(plane.normal @ up) > 0.95]
    lowest = float(np.quantile(points[:, 2], 0.02))
    return min(levels) if levels and min(levels) < np.median(points[:, 2]) else lowest
