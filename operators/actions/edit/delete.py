# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete splats: those that are selected, or those that are hidden."""

import bpy
import numpy as np

from ...scene import look, masks
from ...scene.points import cloud_of
from ...translations import told
from .operator import EditOperator, edited, keep, selections


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


class TTTLRM_OT_delete_hidden(EditOperator, bpy.types.Operator):
    """Delete all splats that are hidden by hand or by settings for good, and reset the settings that left them out"""

    bl_idname = "tttlrm.delete_hidden_splats"
    bl_label = "Delete Hidden Splats"

    def edit(self, context: bpy.types.Context) -> str:
        """Delete the hidden splats of all edited objects; sizes stay as they are shown."""
        found = [(obj, shown) for obj in edited(context) if (shown := masks.visible(obj)) is not None]
        for obj, shown in found:
            keep(obj, shown)
            for user in (obj, *look.sharing(obj)):
                look.reset(user, set(look.NAMES) - set(look.SIZED))
            masks.hide(obj, np.zeros(len(cloud_of(obj).points), dtype=bool))
            look.apply(obj)
        return told("{:,} splats were deleted", sum(int(np.count_nonzero(~shown)) for _, shown in found))
