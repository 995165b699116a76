# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats by opacity."""

import bpy
import numpy as np
from bpy.props import FloatProperty

from ...engine import select
from ...scene import points
from ...scene.radiance import BASE
from .select_operator import SelectOperator


class TTTLRM_OT_select_opacity(SelectOperator, bpy.types.Operator):
    """Select splats by their opacity"""

    bl_idname = "tttlrm.select_opacity"
    bl_label = "Select Splats by Opacity"

    low: FloatProperty(name="Min", subtype="FACTOR", min=0, max=1, default=0, precision=3)
    high: FloatProperty(name="Max", subtype="FACTOR", min=0, max=1, default=0.1, precision=3)

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats between the two opacities."""
        return select.between(points.read(points.cloud_of(obj), BASE).reshape(-1, 4)[:, 3], self.low, self.high)
