# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos of the panel's folder are used."""

from typing import ClassVar

import bpy
from bpy.props import EnumProperty

from ..interface.sources import list_photos

WHICH = (
    ("ALL", "All", "Use all photos"),
    ("NONE", "None", "Use none of the photos"),
    ("INVERT", "Invert", "Use those that are not used now"),
)


class TTTLRM_OT_list_photos(bpy.types.Operator):
    """Look again which photos the folder has; check marks stay"""

    bl_idname = "tttlrm.list_photos"
    bl_label = "Refresh Photos"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Choose a folder of photos")
        return bool(context.scene.tttlrm.source.folder)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender calls this."""
        list_photos(context.scene.tttlrm.source)
        return {"FINISHED"}


class TTTLRM_OT_check_photos(bpy.types.Operator):
    """Check or uncheck all photos of the folder"""

    bl_idname = "tttlrm.check_photos"
    bl_label = "Check Photos"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    which: EnumProperty(name="Use", description="Which photos to use", items=WHICH)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Choose a folder of photos")
        return len(context.scene.tttlrm.source.photos) > 0

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Blender calls this."""
        return next(words for name, _, words in WHICH if name == properties.which)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender calls this."""
        for photo in context.scene.tttlrm.source.photos:
            photo.use = not photo.use if self.which == "INVERT" else self.which == "ALL"
        return {"FINISHED"}


CLASSES = (TTTLRM_OT_list_photos, TTTLRM_OT_check_photos)
