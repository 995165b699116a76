# SPDX-License-Identifier: GPL-3.0-or-later
"""The up direction of a scene: people hold cameras level, and scenes have floors and walls.

Each is evidence, and together they are one small eigenvalue problem. Photos from above, as drones take them, are turned every
way instead; what they look away from is up.
"""

from __future__ import annotations

import numpy as np

from .planes import Plane

LEVEL, TILT = 1.0, 0.05  # weights: cameras are rarely rolled, but often pitched
TURNED = 0.3  # length of the mean of the cameras' ups; below it, they are turned every way
FLAT = 10.0  # weight of a plane that contains all points
NEARLY = 25.0  # degrees, largest error of the up direction from cameras alone


def up_direction(
    c2w: np.ndarray,  # [V, 4, 4]
    planes: list[Plane],
) -> np.ndarray:
    """The unit vector [3] that is closest to perpendicular to the cameras' x axes and to walls, and to parallel to their ups.

    Cameras that all look straight down with the same heading are taken for level ones.
    """
    right, up = c2w[:, :3, 0], -c2w[:, :3, 1]
    if np.linalg.norm(up.mean(0)) < TURNED:
        up = -c2w[:, :3, 2]
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


def _least(cost: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """The unit vector of least cost, on the side of `toward`."""
    vector = np.linalg.eigh(cost)[1][:, 0]
    return vector if vector @ toward >= 0 else -vector
