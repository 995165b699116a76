# SPDX-License-Identifier: GPL-3.0-or-later
"""Any object as a box that splats are cropped to."""

from __future__ import annotations

import bpy
from mathutils import Matrix, Vector

from ..engine import errors

FLAT = 1e-9  # of the half sides of a box; thinner ones have no inside


def crop_matrix(box: bpy.types.Object | None, splats: bpy.types.Object) -> tuple[float, ...]:
    """The 4×4 matrix, row by row, from the space of splats to a cube of −1 to 1 that stands for an object's bounding box.

    Empty without a box. Raises `TttlrmError` when the box is flat, or when the splats' matrix or its own flattens space.
    """
    if box is None:
        return ()
    bpy.context.view_layer.update()
    return tuple(value for row in around(box).inverted() @ splats.matrix_world for value in row)


def around(box: bpy.types.Object) -> Matrix:
    """What makes the cube from −1 to 1 an object's bounding box in the world. Raises `TttlrmError` when that is flat."""
    low, high = _corners(box)
    half = (high - low) / 2
    cube = box.matrix_world @ Matrix.Translation((low + high) / 2) @ Matrix.Diagonal((*half, 1))
    if min(half) < FLAT or abs(cube.determinant()) < FLAT**3:
        raise errors.TttlrmError("The object “{}” is flat.", box.name, hint="Choose one with some depth.", code="bad_settings")
    return cube


def _corners(box: bpy.types.Object) -> tuple[Vector, Vector]:
    """The lowest and highest corner of an object in its own space; of an empty, of the cube that it can be drawn as."""
    if box.type == "EMPTY":
        size = box.empty_display_size
        return Vector((-size,) * 3), Vector((size,) * 3)
    corners = [Vector(corner) for corner in box.bound_box]
    return Vector(map(min, zip(*corners, strict=True))), Vector(map(max, zip(*corners, strict=True)))
