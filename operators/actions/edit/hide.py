# SPDX-License-Identifier: GPL-3.0-or-later
"""Hide and reveal splats. Hidden splats are not drawn, rendered, exported or selected."""

import bpy
import numpy as np
from bpy.props import BoolProperty

from ...scene import look, masks
from ...translations import told
from .operator import EditOperator, edited, selections


class TTTLRM_OT_hide_splats(EditOperator, bpy.types.Operator):
    """Hide the selected or unselected splats in the viewport, renders and exports"""

    bl_idname = "tttlrm.hide_splats"
    bl_label = "Hide Splats"

    unselected: BoolProperty(name="Unselected", description="Hide the unselected splats instead")

    def edit(self, context: bpy.types.Context) -> str:
        """Hide splats of all edited objects and deselect them."""
        count = 0
        for obj, mask in selections(context):
            count += masks.hide_by_hand(obj, ~mask if self.unselected else mask)
            masks.select(obj, mask)
        return told("{:,} splats are hidden", count)


class TTTLRM_OT_reveal_splats(EditOperator, bpy.types.Operator):
    """Show all hidden splats again"""

    bl_idname = "tttlrm.reveal_splats"
    bl_label = "Reveal Hidden Splats"

    select: BoolProperty(name="Select", description="Select the revealed splats", default=True)

    def edit(self, context: bpy.types.Context) -> str:
        """Reveal the hidden splats of all edited objects, but not what their settings leave out."""
        found = [(obj, mask) for obj in edited(context) if (mask := masks.by_hand(obj)) is not None]
        for obj, mask in found:
            masks.hide(obj, np.zeros_like(mask))
            look.apply(obj)
            if self.select:
                masks.select(obj, mask)
        return told("{:,} splats were revealed", sum(int(mask.sum()) for _, mask in found))
