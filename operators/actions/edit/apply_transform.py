# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply an object's transform to its splats: centers, shapes and colors."""

import bpy
import numpy as np
from bpy.props import BoolProperty
from mathutils import Matrix

from ...engine import transform
from ...narrowing import given, group_of
from ...scene import look, meanwhile, points, region
from ...scene.splats import in_scene, table
from ...translations import told
from .operator import EditOperator, edited


class TTTLRM_OT_apply_transform(EditOperator, bpy.types.Operator):
    """Apply the object's transform to its splats, including shapes and colors. Blender's own Apply moves only their centers"""

    bl_idname = "tttlrm.apply_transform"
    bl_label = "Apply Transform to Splats"

    location: BoolProperty(name="Location", default=True)
    rotation: BoolProperty(name="Rotation", default=True)
    scale: BoolProperty(name="Scale", default=True)

    def edit(self, context: bpy.types.Context) -> str:
        """Apply to all edited objects. Shared point clouds are copied first, so that other objects do not change."""
        plans = [(obj, self._map(obj)) for obj in edited(context)]
        moved = [transform.apply_matrix(look.unsized(points.cloud_of(obj)), move) for obj, move in plans]
        shared = [obj.name for obj, _ in plans if points.cloud_of(obj).users > 1]
        for (obj, move), splats in zip(plans, moved, strict=True):
            cloud = points.cloud_of(obj)
            columns = points.read_all(cloud) | table(splats)
            columns.pop(look.SIZES, None)  # the look comes anew
            new = points.cloud_like(cloud, columns)
            with meanwhile.applying(obj, move):
                self._put(obj, new)
            group_of(obj).applied = (move @ in_scene(obj)).ravel().tolist()
            if region.is_fitted(obj):
                with look.silently():
                    region.store(obj, move @ region.matrix(obj))
            self._reset(obj, move)
        given(context.view_layer).update()
        for obj, _ in plans:
            look.apply(obj)
        self.warn_of_stretching(move for _, move in plans)
        applied = told("Applied to {:,} splats", sum(map(len, moved)))
        return told("{}; {} no longer shares splats with other objects", applied, ", ".join(shared)) if shared else applied

    @staticmethod
    def _put(obj: bpy.types.Object, new: bpy.types.PointCloud) -> None:
        cloud = points.cloud_of(obj)
        if cloud.users > 1:
            obj.data = new
            new.name = cloud.name
        else:
            points.replace(cloud, new)

    def _map(self, obj: bpy.types.Object) -> np.ndarray:
        """Return the matrix [4, 4] to apply to an object's splats, given the parts of its transform that it keeps."""
        basis, scale = obj.matrix_basis, np.array(obj.scale) * np.array(obj.delta_scale)
        rotation = basis @ Matrix(
            transform.inverse(np.diag([*scale, 1])).tolist()
        )  # unlike `decompose`, which changes mirrored axes
        rest = Matrix.LocRotScale(
            None if self.location else basis.translation,
            None if self.rotation else rotation.to_3x3(),
            None if self.scale else scale,
        )
        return transform.inverse(np.array(rest)) @ np.array(basis)

    def _reset(self, obj: bpy.types.Object, move: np.ndarray) -> None:
        """Clear the applied parts of the object's transform; its children stay in place."""
        if self.location:
            obj.location = obj.delta_location = (0, 0, 0)
        if self.rotation:
            obj.rotation_euler = obj.delta_rotation_euler = (0, 0, 0)
            obj.rotation_quaternion = obj.delta_rotation_quaternion = (1, 0, 0, 0)
            obj.rotation_axis_angle = (0, 0, 1, 0)
        if self.scale:
            obj.scale = obj.delta_scale = (1, 1, 1)
        for child in obj.children:
            child.matrix_parent_inverse = Matrix(move.tolist()) @ child.matrix_parent_inverse
