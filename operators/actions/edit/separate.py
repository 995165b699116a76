# SPDX-License-Identifier: GPL-3.0-or-later
"""Separate selected splats into a new object."""

import bpy
import numpy as np

from ...scene import masks, points
from ...scene.editable import editable_collection, is_editable
from ...translations import told
from .operator import EditOperator, selections


class TTTLRM_OT_separate_splats(EditOperator, bpy.types.Operator):
    """Move the selected splats to a new object with the same settings, transform and materials"""

    bl_idname = "tttlrm.separate_splats"
    bl_label = "Separate Splats"

    def edit(self, context: bpy.types.Context) -> str:
        """Create one new object for each edited object."""
        count = 0
        for obj, mask in selections(context):
            _separate(obj, mask)
            count += int(mask.sum())
        return told("{:,} splats were separated", count)


def _separate(obj: bpy.types.Object, mask: np.ndarray) -> None:
    table = points.read_all(points.cloud_of(obj))
    parts = [points.cloud_like(points.cloud_of(obj), points.rows(table, part)) for part in (~mask, mask)]
    new = obj.copy()  # with its parent, modifiers, custom properties and the scene on the worker
    new.data = parts[1]
    new.data.name = new.name
    points.replace(points.cloud_of(obj), parts[0])
    for collection in list(filter(is_editable, obj.users_collection)) or [editable_collection()]:
        collection.objects.link(new)
    masks.select(new, np.zeros(len(new.data.points), dtype=bool))
    new.select_set(True)
