# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats by size."""

from functools import partial
from typing import Any

import bpy
import numpy as np
from bpy.props import FloatProperty

from ... import check_boxes
from ...engine import fields, select
from ...narrowing import given
from ...scene import points
from .select_operator import SelectOperator

MAX = partial(FloatProperty, name="Max", subtype="DISTANCE", precision=4)
SETTING = fields.Setting(fields.Numbers(False, 0, fields.LARGEST), "Max", "Largest size", off=fields.Off("for no limit", 1.0))


class TTTLRM_OT_select_size(SelectOperator, bpy.types.Operator):
    """Select splats by size: the standard deviation along the longest axis, including the object's scale"""

    bl_idname = "tttlrm.select_size"
    bl_label = "Select Splats by Size"

    low: Any
    high: Any  # Blender turns the annotations below into properties
    __annotations__ = {
        "low": FloatProperty(name="Min", subtype="DISTANCE", min=0, default=0.1, precision=4),
        "high": MAX(default=0.0),
    } | check_boxes.beside("high", SETTING, MAX)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this in the redo panel."""
        layout = given(self.layout)
        layout.use_property_split = True
        layout.prop(self, "mode")
        layout.prop(self, "low")
        check_boxes.draw(layout, self, "high", "Max")

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats between the two sizes. Of the object's scale, the geometric mean of its axes is used."""
        scales = points.read(points.cloud_of(obj), "scale").reshape(-1, 3)
        longest = np.maximum(np.maximum(scales[:, 0], scales[:, 1]), scales[:, 2])
        return select.between(longest * abs(obj.matrix_world.to_3x3().determinant()) ** (1 / 3), self.low, self.high or np.inf)
