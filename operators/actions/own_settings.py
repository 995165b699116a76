# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy an object's settings to other objects, and save them as presets."""

from typing import ClassVar

import bpy
from bl_operators.presets import AddPresetBase

from .. import properties
from ..engine import settings
from ..mixins import Outcome
from ..narrowing import group_of
from ..scene import look
from ..scene.editable import is_editable
from ..scene.splats import is_splats
from ..translations import told

PARTS = {"decode": settings.DecodeSettings, "refine": settings.RefineSettings, "mesh": settings.MeshSettings}


class TTTLRM_OT_copy_settings(bpy.types.Operator):
    """Copy the settings of the active splats to all other selected splats"""

    bl_idname = "tttlrm.copy_settings"
    bl_label = "Copy Settings to Selected"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select other splats too, and last the splats to copy from")
        return is_splats(context.object) and len(_splats(context)) > 0

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        source, others = group_of(context.object), _splats(context)
        with look.together(others):
            for obj in others:
                group_of(obj).crop, group_of(obj).share = source.crop, source.share
                for part, kind in PARTS.items():
                    properties.take_over(getattr(group_of(obj), part), getattr(source, part), kind)
        self.report({"INFO"}, told("Copied the settings to {} objects", len(others)))
        return {"FINISHED"}


def _splats(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected splat objects except the active one, and except linked ones, whose settings are not saved."""
    return [obj for obj in context.selected_objects if obj != context.object and is_splats(obj) and is_editable(obj)]


class TTTLRM_OT_decode_preset(AddPresetBase, bpy.types.Operator):
    """Save the decode settings of the active splats as a preset, or remove a preset"""

    bl_idname = "tttlrm.decode_preset"
    bl_label = "Add Decode Preset"
    preset_menu = "TTTLRM_PT_decode_presets"
    preset_subdir = "tttlrm/decode"
    preset_defines: ClassVar[list[str]] = ["decode = bpy.context.object.tttlrm.decode"]
    preset_values: ClassVar[list[str]] = [f"decode.{name}" for name in properties.described(settings.DecodeSettings)]


CLASSES = (TTTLRM_OT_copy_settings, TTTLRM_OT_decode_preset)
