# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats that float alone."""

import bpy
import numpy as np
from bpy.props import FloatProperty, IntProperty

from ...engine import select
from .operator import places
from .select_operator import SelectOperator


class TTTLRM_OT_select_floaters(SelectOperator, bpy.types.Operator):
    """Select splats that have few others around them"""

    bl_idname = "tttlrm.select_floaters"
    bl_label = "Select Floaters"

    neighbours: IntProperty(name="Neighbors", description="Splats with fewer neighbors than this", min=1, default=5)
    distance: FloatProperty(
        name="Distance", description="How far others may be away; 0 chooses by itself", subtype="DISTANCE", min=0, precision=4
    )

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Those with too few others."""
        return select.isolated(places(obj), self.neighbours, self.distance)
