# SPDX-License-Identifier: GPL-3.0-or-later
"""Join several splat objects."""

import bpy
import numpy as np

from ...engine import transform
from ...narrowing import given
from ...scene import look, points, region
from ...scene.editable import is_editable
from ...scene.splats import is_splats, read_local, remove_splats, table
from ...translations import told
from .operator import EditOperator, edited


class TTTLRM_OT_join_splats(EditOperator, bpy.types.Operator):
    """Join the splats of all selected objects into the active object, keeping their positions"""

    bl_idname = "tttlrm.join_splats"
    bl_label = "Join Splats"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        if not super().poll(context):
            return False
        cls.poll_message_set("Select two or more objects with splats; they are joined into the active one")
        return is_splats(context.object) and context.object in edited(context) and bool(_others(context))

    def edit(self, context: bpy.types.Context) -> str:
        """Join all splats in the coordinates of the active object."""
        active, others = given(context.object), _others(context)
        for obj in (active, *others):
            look.settle(obj)
        inverse = transform.inverse(np.array(active.matrix_world))
        moves = [inverse @ np.array(obj.matrix_world) for obj in others]
        tables = [points.read_all(points.cloud_of(active)), *(_moved(obj, move) for obj, move in zip(others, moves, strict=True))]
        points.replace(points.cloud_of(active), points.cloud_like(points.cloud_of(active), points.stacked(tables)))
        for obj in others:
            remove_splats(obj)
        region.forget(active)  # it was around fewer splats
        self.warn_of_stretching(moves)
        return told("{:,} splats of {} objects", len(points.cloud_of(active).points), len(tables))


def _others(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected splat objects except the active one, including those that share a point cloud."""
    return [obj for obj in context.selected_objects if is_splats(obj) and obj != context.object and is_editable(obj)]


def _moved(obj: bpy.types.Object, matrix: np.ndarray) -> points.Table:
    """Return the points of an object with its splats transformed by a matrix."""
    splats = transform.apply_matrix(read_local(points.cloud_of(obj)), matrix)
    return points.read_all(points.cloud_of(obj)) | table(splats)
