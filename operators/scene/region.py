# SPDX-License-Identifier: GPL-3.0-or-later
"""The box in which an object shows its splats: a matrix in the object's own coordinates, so that it moves and turns with it."""

from __future__ import annotations

import bpy
import numpy as np

from ..engine import clean, look
from ..narrowing import group_of

THIN = 1e-6  # of a region's longest side: what any other is at least


def matrix(obj: bpy.types.Object) -> np.ndarray:  # [4, 4]
    """From the cube between −1 and 1 to an object's region, in the object's own coordinates."""
    return np.array(group_of(obj).region, dtype=np.float64).reshape(4, 4)


def store(
    obj: bpy.types.Object,
    wanted: np.ndarray,  # [4, 4]
) -> None:
    """Make that an object's region, which takes effect at once where regions are used."""
    group_of(obj).region = wanted.ravel().tolist()


def forget(obj: bpy.types.Object) -> None:
    """Have an object's region be fitted anew when it is next used."""
    group_of(obj).property_unset("region")


def is_fitted(obj: bpy.types.Object) -> bool:
    """Whether an object was ever given a region."""
    return not np.array_equal(matrix(obj), np.eye(4))


def around(
    obj: bpy.types.Object,
    means: np.ndarray,  # [N, 3], in the object's own coordinates
    sizes: np.ndarray,  # [N]
    wanted: np.ndarray,  # [N] bool
) -> np.ndarray:  # [4, 4]
    """A region around the subject of some splats, along the axes of the world, in which scenes stand upright."""
    to_world = np.array(obj.matrix_world, dtype=np.float64)
    if not np.linalg.det(to_world):
        to_world = np.eye(4)
    low, high = clean.subject(means @ to_world[:3, :3].T + to_world[:3, 3], sizes, wanted)
    half = (high - low) / 2
    box = np.diag([*np.maximum(half, THIN * (half.max() or 1.0)), 1])
    box[:3, 3] = (low + high) / 2
    return np.linalg.inv(to_world) @ box


def inside(
    obj: bpy.types.Object,
    means: np.ndarray,  # [N, 3]
) -> np.ndarray:  # [N] bool
    """Mask of the centers in an object's region; of all while it is flat, as when a handle is dragged too far."""
    box = matrix(obj)
    if not np.linalg.det(box):
        return np.ones(len(means), dtype=bool)
    return look.in_crop(means, np.linalg.inv(box))
