# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats by distance from a point."""

import bpy
import numpy as np
from bpy.props import BoolProperty, FloatProperty, FloatVectorProperty
from mathutils import Matrix

from ...engine import select
from ...narrowing import given
from .operator import places
from .select_operator import SelectOperator


class TTTLRM_OT_select_distance(SelectOperator, bpy.types.Operator):
    """Select splats by their distance from the 3D cursor or another point"""

    bl_idname = "tttlrm.select_distance"
    bl_label = "Select Splats by Distance"

    distance: FloatProperty(name="Distance", subtype="DISTANCE", min=1e-6, default=1)
    beyond: BoolProperty(name="Beyond", description="Select the splats that are farther away instead")
    center: FloatVectorProperty(
        name="From", description="Point to measure from; the 3D cursor if not given", subtype="TRANSLATION", options={"SKIP_SAVE"}
    )

    def edit(self, context: bpy.types.Context) -> str:
        """Store the position of the 3D cursor, so that the operator can be repeated after the cursor has moved."""
        if not self.properties.is_property_set("center"):
            self.center = given(context.scene).cursor.location
        return super().edit(context)

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats within the distance, or beyond it."""
        ball = Matrix.LocRotScale(self.center, None, (self.distance,) * 3)
        return select.in_ball(places(obj), np.array(ball)) != self.beyond
