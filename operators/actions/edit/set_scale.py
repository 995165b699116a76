# SPDX-License-Identifier: GPL-3.0-or-later
"""Scale a scene to real-world size by a known distance."""

import bpy
import numpy as np
from bpy.props import FloatProperty, FloatVectorProperty, StringProperty
from mathutils import Matrix, Vector

from ...engine import errors
from ...mixins import Outcome
from ...narrowing import given
from ...translations import explained, told
from .operator import EditOperator, edited
from .root import move, picked, root


class TTTLRM_OT_set_scale(EditOperator, bpy.types.Operator):
    """Scale the splats, with their mesh and cameras, so that two points are their real distance apart"""

    bl_idname = "tttlrm.set_scale"
    bl_label = "Set Real-World Scale"

    distance: FloatProperty(
        name="Real Distance",
        description="Distance between two selected empties, or two selected splats",
        subtype="DISTANCE",
        min=1e-6,
        default=1,
    )
    first: FloatVectorProperty(name="From", subtype="TRANSLATION", options={"SKIP_SAVE", "HIDDEN"})
    second: FloatVectorProperty(name="To", subtype="TRANSLATION", options={"SKIP_SAVE", "HIDDEN"})
    objects: StringProperty(
        name="Objects", description="Names of two objects to measure between, one per line", options={"SKIP_SAVE", "HIDDEN"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: ask for the distance, with the current one as the default, unless the panel has it."""
        if self.objects:
            return self.execute(context)
        try:
            first, second = self._ends(context)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        self.distance = (second - first).length
        return given(context.window_manager).invoke_props_dialog(self)

    def edit(self, context: bpy.types.Context) -> str:
        """Scale about the point on the grid below the middle of the two points, so that a ground at height 0 stays there."""
        first, second = self._ends(context)
        loose = [obj for obj in self._objects() if root(obj) not in {root(splats) for splats in edited(context)}]
        measured = (second - first).length
        if measured < 1e-9:
            raise errors.TttlrmError(
                "The two points are in the same place.",
                hint="Choose points that are farther apart.",
                code=errors.Code.BAD_DISTANCE,
            )
        middle = (first + second) / 2
        spot = Matrix.Translation((middle.x, middle.y, 0))
        factor = self.distance / measured
        scaling = spot @ Matrix.Scale(factor, 4) @ spot.inverted()
        move(context, np.array(scaling))
        for obj in loose:  # the ends stay where they are on the subject
            obj.matrix_world.translation = scaling @ obj.matrix_world.translation
        return told("Scaled by {:.4g}", factor)

    def _ends(self, context: bpy.types.Context) -> tuple[Vector, Vector]:
        """Return the points given by the caller, or else the selected points."""
        if all(self.properties.is_property_set(name) for name in ("first", "second")):
            return Vector(self.first), Vector(self.second)
        named = self._objects()
        ends = np.array([obj.matrix_world.translation for obj in named]) if named else picked(context)
        if len(ends) != 2:
            raise errors.TttlrmError(
                "A distance needs two points, but {:,} are selected.",
                len(ends),
                hint="Select two empties along with the splats, or two splats.",
                code=errors.Code.NO_POINTS,
            )
        return Vector(ends[0]), Vector(ends[1])

    def _objects(self) -> list[bpy.types.Object]:
        """Return the objects that the caller names."""
        return [bpy.data.objects[name] for name in self.objects.split("\n") if name in bpy.data.objects]
