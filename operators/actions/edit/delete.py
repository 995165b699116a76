# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete selected splats."""

import bpy

from ...translations import told
from .operator import EditOperator, keep, selections


class TTTLRM_OT_delete_splats(EditOperator, bpy.types.Operator):
    """Delete the selected splats"""

    bl_idname = "tttlrm.delete_splats"
    bl_label = "Delete Splats"

    def edit(self, context: bpy.types.Context) -> str:
        """Delete the selected splats of all edited objects."""
        deleted = 0
        for obj, mask in selections(context):
            keep(obj, ~mask)
            deleted += int(mask.sum())
        return told("{:,} splats were deleted", deleted)
