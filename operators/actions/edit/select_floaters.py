# SPDX-License-Identifier: GPL-3.0-or-later
"""Select floaters."""

import bpy
import numpy as np
from bpy.props import FloatProperty

from ...engine import clean
from ...scene import look, points
from .select_operator import SelectOperator


class TTTLRM_OT_select_floaters(SelectOperator, bpy.types.Operator):
    """Select small groups of splats that hang in the air"""

    bl_idname = "tttlrm.select_floaters"
    bl_label = "Select Floaters"

    strictness: FloatProperty(
        name="Strictness",
        description="The higher, the closer together the splats of a group have to be",
        subtype="FACTOR",
        min=0,
        max=1,
        default=0.5,
    )

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the floaters."""
        splats = look.unsized(points.cloud_of(obj))
        return clean.floaters(splats.means, splats.scales, splats.opacities, self.strictness)
