# SPDX-License-Identifier: GPL-3.0-or-later
"""Select all splats or none, or invert the selection."""

import bpy
import numpy as np
from bpy.props import EnumProperty

from ...scene import masks
from ...scene.points import cloud_of
from .operator import EditOperator, edited
from .select_operator import chosen

ACTIONS = (
    ("SELECT", "All", "Select all splats"),
    ("DESELECT", "None", "Deselect all splats"),
    ("INVERT", "Invert", "Select the unselected splats and deselect the others"),
)


class TTTLRM_OT_select_all(EditOperator, bpy.types.Operator):
    """Select or deselect all splats, or invert the selection"""

    bl_idname = "tttlrm.select_all"
    bl_label = "Select All Splats"

    action: EnumProperty(name="Action", items=ACTIONS)

    def edit(self, context: bpy.types.Context) -> str:
        """Change the selection in all edited objects."""
        return chosen([(obj, self._wanted(obj)) for obj in edited(context)])

    def _wanted(self, obj: bpy.types.Object) -> np.ndarray:
        before = masks.selected(obj) if self.action == "INVERT" else None
        return np.full(len(cloud_of(obj).points), self.action != "DESELECT") if before is None else ~before
