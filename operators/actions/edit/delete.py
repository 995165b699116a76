# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete splats: those that are selected, or those that are hidden."""

import bpy
import numpy as np
from bpy.props import BoolProperty

from ...scene import look, masks
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

    by_hand: BoolProperty(
        name="Hidden by Hand", description="Also delete what was hidden by hand, not only what settings leave out", default=True
    )

    def edit(self, context: bpy.types.Context) -> str:
        """Delete the hidden splats of all edited objects; sizes stay as they are shown."""
        found = [(obj, hidden) for obj in edited(context) if (hidden := masks.hidden(obj)) is not None]
        deleted = deleted_by_hand = 0
        for obj, hidden in found:
            hand = masks.by_hand(obj)
            hand = np.zeros_like(hidden) if hand is None else hand
            gone = hidden if self.by_hand else hidden & ~hand
            deleted, deleted_by_hand = deleted + np.count_nonzero(gone), deleted_by_hand + np.count_nonzero(gone & hand)
            self._delete(obj, gone, hand)
        if deleted_by_hand:
            return told("{:,} splats were deleted, {:,} of them hidden by hand", deleted, deleted_by_hand)
        return told("{:,} splats were deleted", deleted)

    @staticmethod
    def _delete(obj: bpy.types.Object, gone: np.ndarray, hand: np.ndarray) -> None:
        """Delete splats of an object, whose settings then leave out none; of the others, those hidden by hand stay so."""
        keep(obj, ~gone)
        for user in (obj, *look.sharing(obj)):
            look.reset(user, set(look.NAMES) - set(look.SIZED))
        masks.hide(obj, hand[~gone])
        look.apply(obj)
