# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode splats again from the scene that the worker keeps, without reading the photos again."""

from dataclasses import replace
from typing import Any

import bpy
from bpy.props import StringProperty

from .. import properties
from ..engine import errors, kinds, settings
from ..jobs import decode_queue
from ..jobs.scene_operators import SplatsOperator
from ..jobs.worker import Work
from ..mixins import Outcome
from ..narrowing import given, group_of
from ..scene.crop import crop_matrix
from ..scene.splats import is_decodable


class TTTLRM_OT_decode(SplatsOperator, bpy.types.Operator):
    """Decode the splats again with this object's settings, without reading the photos again"""

    bl_idname = "tttlrm.decode"
    bl_label = "Decode Again"

    kind = kinds.DECODE
    crop: Any  # Blender turns the annotations below into properties
    __annotations__ = properties.annotations(settings.DecodeSettings) | {
        "crop": StringProperty(
            name="Crop Box", description="Name of the object to crop to; leave empty to use the crop box set on the splats"
        ),
    }

    def collect(self, context: bpy.types.Context) -> Work:
        """Return the work with the crop box. Raises `TttlrmError` if there is no such crop box."""
        work = super().collect(context)
        return replace(work, settings=cropped(work.settings, given(context.object), self.crop))


def cropped(wanted: settings.DecodeSettings, splats: bpy.types.Object, name: str = "") -> settings.DecodeSettings:
    """Return settings with the named crop box, or else the splats' own. Raises `TttlrmError` if it is flat or does not exist."""
    if name and name not in bpy.data.objects:
        raise errors.TttlrmError(
            "There is no object “{}” to crop to.", name, hint="Choose an object of this scene.", code=errors.Code.BAD_SETTINGS
        )
    box = bpy.data.objects[name] if name else group_of(splats).crop
    return replace(wanted, crop=crop_matrix(box, splats))


class TTTLRM_OT_decode_selected(bpy.types.Operator):
    """Decode all selected splats again, one after another, each object with its own settings"""

    bl_idname = "tttlrm.decode_selected"
    bl_label = "Decode All Selected"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select splats that were reconstructed here")
        return any(is_decodable(obj) for obj in context.selected_objects)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this. With a window, the splats are queued; in the background they are decoded before this returns."""
        for obj in filter(is_decodable, context.selected_objects):
            if bpy.app.background:
                decode_queue.decode(obj)
            else:
                decode_queue.schedule(obj)
        return {"FINISHED"}
