# SPDX-License-Identifier: GPL-3.0-or-later
"""The object hierarchy that splats belong to: its root, its cameras, and points selected in it."""

import bpy
import numpy as np
from mathutils import Matrix

from ...engine import errors
from ...narrowing import given
from ...scene import conversion, masks
from ...scene.editable import is_editable
from .operator import edited, places


def root(obj: bpy.types.Object) -> bpy.types.Object:
    """Return the topmost parent, which moves splats, mesh and cameras together; the object itself if it has no parent."""
    while obj.parent:
        obj = obj.parent
    return obj


def move(context: bpy.types.Context, matrix: np.ndarray) -> None:
    """Transform the roots of the edited objects by a world matrix [4, 4]. Raises `TttlrmError` if one is linked."""
    tops = {root(obj) for obj in edited(context)}
    for top in tops:
        if not is_editable(top):
            raise errors.TttlrmError(
                "The parent of the splats, “{}”, is linked from another file.",
                top.name,
                hint="Make it local.",
                code=errors.Code.CANNOT_WRITE,
            )
    for top in tops:
        top.matrix_world = Matrix(matrix.tolist()) @ top.matrix_world
    given(context.view_layer).update()


def picked(context: bpy.types.Context) -> np.ndarray:  # [K, 3]
    """Return selected points in world coordinates: empties without children, or else selected splats."""
    empties = [obj for obj in context.selected_objects if obj.type == "EMPTY" and not obj.children]
    if empties:
        return np.array([obj.matrix_world.translation for obj in empties])
    chosen = [places(obj)[mask] for obj in edited(context) if (mask := masks.selected(obj)) is not None]
    return np.concatenate([np.zeros((0, 3), dtype=np.float32), *chosen])


def cameras(context: bpy.types.Context) -> np.ndarray | None:  # [V, 4, 4], OpenCV axes
    """Return the poses of the cameras in the hierarchies of the edited objects; None if there are none."""
    roots = {root(obj) for obj in edited(context)}
    found = [part for top in roots for part in top.children_recursive if part.type == "CAMERA"]
    poses = [conversion.camera_axes(np.array(camera.matrix_world), camera.name) @ conversion.CAMERA_AXES for camera in found]
    return np.array(poses) if poses else None
