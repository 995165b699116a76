# SPDX-License-Identifier: GPL-3.0-or-later
"""The up direction of a scene: people hold cameras level, and scenes have floors and walls.

Each is evidence, and together they are one small eigenvalue problem.
"""

from __future__ import annotations

import numpy as np

from .planes import Plane

LEVEL, TILT = 1.0, 0.05  # weights: cameras are rarely rolled, but often pitched
FLAT = 10.0  # weight of a plane that contains all points
NEARLY = 25.0  # degrees, largest error of the up direction from cameras alone


def up_direction(
    c2w: np.ndarray,  # [V, 4, 4]
    planes: list[Plane],
) -> np.ndarray:
    """The unit vector [3] that is closest to perpendicular to the cameras' x axes and to walls, and to parallel to their ups."""
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


def _least(cost: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """The unit vector of least cost, on the side of `toward`."""
    vector = np.linalg.eigh(cost)[1][:, 0]
    return vector if vector @ toward >= 0 else -vector
