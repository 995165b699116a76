# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode a new draft from the scene that the worker keeps, without reading the photos again."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import properties
from ..engine import errors, kinds, settings
from ..jobs import decode_queue
from ..jobs.scene_operators import SplatsOperator
from ..jobs.worker import Work
from ..mixins import Outcome
from ..narrowing import given, untyped
from ..scene import versions
from ..scene.crop import crop_matrix
from ..scene.points import cloud_of
from ..scene.splats import is_decodable
from ..translations import shown

ASKED = BoolProperty(
    name="Asked", description="Whether the person has agreed already to what is lost", options={"HIDDEN", "SKIP_SAVE"}
)


class TTTLRM_OT_decode(SplatsOperator, bpy.types.Operator):
    """Replace the splats with a new draft, decoded with this object's settings, without reading the photos again"""

    bl_idname = "tttlrm.decode"
    bl_label = "New Draft"

    kind = kinds.DECODE
    crop: Any  # Blender turns the annotations below into properties
    asked: Any
    __annotations__ = properties.annotations(settings.DecodeSettings) | {
        "crop": StringProperty(
            name="Crop Box", description="Name of the object to crop the draft to; leave empty to keep all of it"
        ),
        "asked": ASKED,
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: ask before something is lost that took time to make."""
        lost = [] if self.asked else precious([given(context.object)])
        return ask(self, context, event, lost) if lost else self.execute(context)

    def collect(self, context: bpy.types.Context) -> Work:
        """Return the work with the crop box. Raises `TttlrmError` if there is no such crop box."""
        work = super().collect(context)
        return replace(work, settings=cropped(work.settings, given(context.object), self.crop))

    def own_settings(self, splats: bpy.types.Object) -> settings.DecodeSettings:
        """Return the object's settings for a draft."""
        return properties.draft_settings(splats)


def cropped(wanted: settings.DecodeSettings, splats: bpy.types.Object, name: str) -> settings.DecodeSettings:
    """Return settings with a crop box, if one is named. Raises `TttlrmError` if it is flat or does not exist."""
    if not name:
        return wanted
    if name not in bpy.data.objects:
        raise errors.TttlrmError(
            "There is no object “{}” to crop to.", name, hint="Choose an object of this scene.", code=errors.Code.BAD_SETTINGS
        )
    return replace(wanted, crop=crop_matrix(bpy.data.objects[name], splats))


def precious(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Return the objects whose splats were refined or edited, and would be lost with a new draft."""
    return [obj for obj in objects if versions.is_refined(obj) or versions.is_edited(obj)]


def question(lost: list[bpy.types.Object]) -> errors.Text:
    """Return what to ask before the splats of objects are replaced by drafts."""
    if len(lost) > 1:
        return errors.text("Replace the refined or edited splats of {} objects with new drafts?", len(lost))
    edited = errors.text("possibly edited") if versions.is_older(lost[0]) else errors.text("edited")
    what = versions.state(lost[0]) if versions.is_refined(lost[0]) else edited
    return errors.text("Replace {:,} splats ({}) with a new draft?", len(cloud_of(lost[0]).points), what)


def ask(
    operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event, lost: list[bpy.types.Object]
) -> Outcome:
    """Show the question; Blender then calls `execute`, or nothing."""
    message = shown("{}", question(lost))
    confirm = untyped(context.window_manager).invoke_confirm
    return confirm(operator, event, title=operator.bl_label, message=message, confirm_text=operator.bl_label, icon="WARNING")


class TTTLRM_OT_decode_selected(bpy.types.Operator):
    """Replace all selected splats with new drafts, one after another, each object with its own settings"""

    bl_idname = "tttlrm.decode_selected"
    bl_label = "New Drafts of Selected"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select splats that were reconstructed here")
        return any(is_decodable(obj) for obj in context.selected_objects)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: ask before something is lost that took time to make."""
        lost = precious(filter(is_decodable, context.selected_objects))
        return ask(self, context, event, lost) if lost else self.execute(context)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this. With a window, the splats are queued; in the background they are decoded before this returns."""
        for obj in filter(is_decodable, context.selected_objects):
            if bpy.app.background:
                decode_queue.decode(obj)
            else:
                decode_queue.schedule(obj)
        return {"FINISHED"}
