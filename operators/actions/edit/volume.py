# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that mark a volume."""

import bpy
import numpy as np
from bpy.props import BoolProperty, StringProperty

from ...engine import errors, select
from ...mixins import Operator
from ...narrowing import given, untyped
from ...scene.crop import around
from ...scene.splats import is_splats
from .operator import places

SHAPED = {"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "LATTICE", "VOLUME"}


VOLUME = StringProperty(
    name="Object",
    description="An empty (a box of its display size; a ball if displayed as a sphere) or a mesh (its bounding box); "
    "leave blank to use the one selected along with the splats",
    options={"SKIP_SAVE"},
)


def marking(context: bpy.types.Context, name: str) -> list[bpy.types.Object]:
    """Return the objects of a name, or without one those selected, that can mark a volume."""
    if name:
        return [obj for obj in given(context.view_layer).objects if obj.name == name]
    return [obj for obj in context.selected_objects if obj.type == "EMPTY" or obj.type in SHAPED]


def only_volume(found: list[bpy.types.Object], name: str) -> bpy.types.Object:
    """Return the one object that was found. Raises `TttlrmError` for none, several or splats."""
    if len(found) != 1 or is_splats(found[0]):
        raise errors.TttlrmError(
            errors.text("There is no object “{}” to select in.", name) if name else "Select an object that marks the volume.",
            hint="Select one empty or mesh along with the splats, or give its name.",
            code=errors.Code.NO_VOLUME,
        )
    return found[0]


class ByVolume(Operator):
    """An operator on the splats inside the transformed volume of an empty or the bounding box of a mesh."""

    object: VOLUME
    outside: BoolProperty(name="Outside", description="Use the splats outside the volume instead")

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this for the redo panel."""
        given(self.layout).use_property_split = True
        given(self.layout).prop_search(self, "object", context.view_layer, "objects")
        for name in ("outside", "mode"):
            if name in untyped(self).rna_type.properties:
                given(self.layout).prop(self, name)

    def within(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats inside (or outside) as a mask [N]. Raises `TttlrmError` if no object is given or it is flat."""
        volume = only_volume(marking(context, self.object), self.object)
        self.object = volume.name
        is_ball = volume.type == "EMPTY" and volume.empty_display_type == "SPHERE"
        inside = (select.in_ball if is_ball else select.in_box)(places(obj), np.array(around(volume)))
        return inside != self.outside
