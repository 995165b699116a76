# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats inside an object."""

import bpy
import numpy as np

from .select_operator import SelectOperator
from .volume import ByVolume


class TTTLRM_OT_select_inside(ByVolume, SelectOperator, bpy.types.Operator):
    """Select splats inside a selected empty or the bounding box of a selected mesh"""

    bl_idname = "tttlrm.select_inside"
    bl_label = "Select Splats Inside Object"

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats inside the volume, or outside."""
        return self.within(context, obj)
