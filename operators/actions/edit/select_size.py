# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats by size."""

import bpy
import numpy as np
from bpy.props import FloatProperty

from ...engine import select
from ...scene import points
from .select_operator import SelectOperator


class TTTLRM_OT_select_size(SelectOperator, bpy.types.Operator):
    """Select splats by size: the standard deviation along the longest axis, including the object's scale"""

    bl_idname = "tttlrm.select_size"
    bl_label = "Select Splats by Size"

    low: FloatProperty(name="Min", subtype="DISTANCE", min=0, default=0.1, precision=4)
    high: FloatProperty(name="Max", subtype="DISTANCE", min=0, default=1e6, precision=4)

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats between the two sizes. Of the object's scale, the geometric mean of its axes is used."""
        scales = points.read(points.cloud_of(obj), "scale").reshape(-1, 3)
        longest = np.maximum(np.maximum(scales[:, 0], scales[:, 1]), scales[:, 2])
        return select.between(longest * abs(obj.matrix_world.to_3x3().determinant()) ** (1 / 3), self.low, self.high)
