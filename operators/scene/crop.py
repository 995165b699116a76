# SPDX-License-Identifier: GPL-3.0-or-later
"""Any object as a box that splats are cropped to."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..engine import errors
from ..narrowing import given
from .splats import scene_matrix

FLAT = 1e-9  # of the half sides of a box; thinner ones have no inside


def crop_matrix(box: bpy.types.Object, splats: bpy.types.Object) -> tuple[float, ...]:
    """The 4×4 matrix, row by row, from the splats' scene to a cube of −1 to 1 that stands for an object's bounding box.

    Raises `TttlrmError` when the box is flat, or when the splats' matrix or its own flattens space.
    """
    given(bpy.context.view_layer).update()
    return tuple((np.array(around(box).inverted()) @ scene_matrix(splats)).ravel().tolist())


def around(box: bpy.types.Object) -> Matrix:
    """What makes the cube from −1 to 1 an object's bounding box in the world. Raises `TttlrmError` when that is flat."""
    low, high = _corners(box)
    half = (high - low) / 2
    cube = box.matrix_world @ Matrix.Translation((low + high) / 2) @ Matrix.Diagonal((half.x, half.y, half.z, 1))
    if min(half.x, half.y, half.z) < FLAT or abs(cube.determinant()) < FLAT**3:
        raise errors.TttlrmError(
            "The object “{}” is flat.", box.name, hint="Choose an object with some depth.", code=errors.Code.BAD_SETTINGS
        )
    return cube


def _corners(box: bpy.types.Object) -> tuple[Vector, Vector]:
    """The lowest and highest corner of an object in its own space; of an empty, of the cube that it can be drawn as."""
    if box.type == "EMPTY":
        size = box.empty_display_size
        return Vector((-size,) * 3), Vector((size,) * 3)
    corners = np.array(box.bound_box)
    return Vector(corners.min(0).tolist()), Vector(corners.max(0).tolist())
