# SPDX-License-Identifier: GPL-3.0-or-later
"""Select isolated splats."""

import bpy
import numpy as np
from bpy.props import FloatProperty, IntProperty

from ...engine import select
from .operator import places
from .select_operator import SelectOperator


class TTTLRM_OT_select_floaters(SelectOperator, bpy.types.Operator):
    """Select splats with few neighbors"""

    bl_idname = "tttlrm.select_floaters"
    bl_label = "Select Floaters"

    neighbours: IntProperty(name="Neighbors", description="Splats with fewer neighbors than this", min=1, default=5)
    distance: FloatProperty(
        name="Distance",
        description="Distance up to which splats count as neighbors; 0 to choose automatically",
        subtype="DISTANCE",
        min=0,
        precision=4,
    )

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats with too few neighbors."""
        return select.isolated(places(obj), self.neighbours, self.distance)
