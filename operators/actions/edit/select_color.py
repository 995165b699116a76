# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats by color."""

import bpy
import numpy as np
from bpy.props import EnumProperty, FloatProperty, FloatVectorProperty

from ...engine import select
from ...scene import points
from ...scene.radiance import BASE
from .operator import selections
from .select_operator import SelectOperator

SOURCES = (
    ("SELECTED", "Selected Splats", "The mean color of the selected splats"),
    ("COLOR", "Color", "The color set below"),
)


class TTTLRM_OT_select_color(SelectOperator, bpy.types.Operator):
    """Select splats by their color, ignoring its view-dependent part"""

    bl_idname = "tttlrm.select_color"
    bl_label = "Select Splats by Color"

    source: EnumProperty(name="Like", description="Color that the splats are compared with", items=SOURCES)
    color: FloatVectorProperty(name="Color", subtype="COLOR_GAMMA", size=3, min=0, max=1, default=(0.5, 0.5, 0.5))
    tolerance: FloatProperty(
        name="Tolerance", description="Maximum difference in red, green and blue", min=0, max=1, default=0.1, precision=3
    )

    def edit(self, context: bpy.types.Context) -> str:
        """Take the color of the selected splats before the selection changes."""
        if self.source == "SELECTED":
            self.color = np.concatenate([_colors(obj)[mask] for obj, mask in selections(context)]).mean(axis=0)
        return super().edit(context)

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats similar to the color."""
        return select.like(_colors(obj), np.array(self.color), self.tolerance)


def _colors(obj: bpy.types.Object) -> np.ndarray:
    return select.base_colors(points.read(points.cloud_of(obj), BASE).reshape(-1, 4)[:, :3])
