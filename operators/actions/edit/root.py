# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole that splats belong to: what carries them, the cameras that saw them, and points that were picked in it."""

import bpy
import numpy as np
from mathutils import Matrix

from ...narrowing import given
from ...scene import conversion, masks
from .operator import edited, places


def root(obj: bpy.types.Object) -> bpy.types.Object:
    """The topmost parent, which moves splats, mesh and cameras together; the object itself where it has none."""
    while obj.parent:
        obj = obj.parent
    return obj


def move(context: bpy.types.Context, matrix: np.ndarray) -> None:
    """Move the carriers of the edited objects by a matrix [4, 4] in the world."""
    for whole in {root(obj) for obj in edited(context)}:
        whole.matrix_world = Matrix(matrix.tolist()) @ whole.matrix_world
    given(context.view_layer).update()


def picked(context: bpy.types.Context) -> np.ndarray:  # [K, 3]
    """Points that a person chose, in world coordinates: the selected empties that carry nothing, else the selected splats."""
    empties = [obj for obj in context.selected_objects if obj.type == "EMPTY" and not obj.children]
    if empties:
        return np.array([obj.matrix_world.translation for obj in empties])
    chosen = [places(obj)[mask] for obj in edited(context) if (mask := masks.selected(obj)) is not None]
    return np.concatenate([np.zeros((0, 3), dtype=np.float32), *chosen])


def cameras(context: bpy.types.Context) -> np.ndarray | None:  # [V, 4, 4], OpenCV axes
    """The poses of the cameras that hang beside the edited objects; None for none."""
    wholes = {root(obj) for obj in edited(context)}
    found = [part for whole in wholes for part in whole.children_recursive if part.type == "CAMERA"]
    poses = [conversion.camera_from_blender(np.array(camera.matrix_world)) for camera in found]
    return np.array(poses) if poses else None
