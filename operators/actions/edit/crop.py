# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete the splats outside an object."""

import bpy

from ...scene import masks
from ...scene.points import cloud_of
from ...translations import told
from .operator import EditOperator, edited, keep
from .volume import ByVolume


class TTTLRM_OT_crop_splats(ByVolume, EditOperator, bpy.types.Operator):
    """Delete all splats outside a selected empty or the bounding box of a selected mesh"""

    bl_idname = "tttlrm.crop_splats"
    bl_label = "Crop Splats by Object"

    def edit(self, context: bpy.types.Context) -> str:
        """Crop all edited objects; hidden splats are kept."""
        kept = [(obj, self.within(context, obj), masks.hidden(obj)) for obj in edited(context)]
        before = sum(len(mask) for _, mask, _ in kept)
        for obj, mask, hidden in kept:
            keep(obj, mask if hidden is None else mask | hidden)
        return told("{:,} of {:,} splats were deleted", before - sum(len(cloud_of(obj).points) for obj, _, _ in kept), before)
