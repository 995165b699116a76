# SPDX-License-Identifier: GPL-3.0-or-later
"""An object's transform goes into its splats: centres, shapes and colours."""

import bpy
import numpy as np
from bpy.props import BoolProperty
from mathutils import Matrix

from ...engine import transform
from ...scene.splats import read_local, write_local
from .operator import EditOperator, edited


class TTTLRM_OT_apply_transform(EditOperator, bpy.types.Operator):
    """Apply the object's transform to its splats, shapes and colours too; Blender's own Apply moves only their centres"""

    bl_idname = "tttlrm.apply_transform"
    bl_label = "Apply Transform to Splats"

    location: BoolProperty(name="Location", default=True)
    rotation: BoolProperty(name="Rotation", default=True)
    scale: BoolProperty(name="Scale", default=True)

    def edit(self, context: bpy.types.Context) -> str:
        """Apply to all edited objects. One that shares its points gets its own first, so that the others stay as they are."""
        plans = [(obj, *self._plan(obj)) for obj in edited(context)]
        moved = [transform.apply_matrix(read_local(obj.data), move) for obj, _, move in plans]
        shared = [obj.name for obj, _, _ in plans if obj.data.users > 1]
        for (obj, rest, move), splats in zip(plans, moved, strict=True):
            if obj.data.users > 1:
                obj.data = obj.data.copy()
            write_local(obj.data, splats)
            _set_basis(obj, rest, move)
        self.warn_of_stretching(move for _, _, move in plans)
        copied = f"; {', '.join(shared)} no longer shares splats with other objects" if shared else ""
        return f"Applied to {sum(map(len, moved)):,} splats{copied}"

    def _plan(self, obj: bpy.types.Object) -> tuple[Matrix, np.ndarray]:
        """The object's own matrix afterwards, and the map [4, 4] that its splats go through."""
        location, rotation, scale = obj.matrix_basis.decompose()
        rest = Matrix.LocRotScale(
            None if self.location else location, None if self.rotation else rotation, None if self.scale else scale
        )
        return rest, transform.inverse(np.array(rest)) @ np.array(obj.matrix_basis)


def _set_basis(obj: bpy.types.Object, rest: Matrix, move: np.ndarray) -> None:
    """Give an object another matrix; its children stay in their places, as its splats went through `move`."""
    for child in obj.children:
        child.matrix_parent_inverse = Matrix(move) @ child.matrix_parent_inverse
    obj.matrix_basis = rest
