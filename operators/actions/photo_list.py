# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the panel's folder and which of its photos are used."""

import bpy
from bpy.app.translations import pgettext_tip
from bpy.props import BoolProperty, EnumProperty, IntProperty

from ..mixins import Outcome
from ..narrowing import given, group_of
from ..paths import folder_property
from ..sources.properties import list_photos
from ..translations import told
from .reconstruct import FOLDER

WHICH = (
    ("ALL", "All", "Use all photos"),
    ("NONE", "None", "Use none of the photos"),
    ("INVERT", "Invert", "Use the unchecked photos instead of the checked ones"),
)


class TTTLRM_OT_choose_folder(bpy.types.Operator):
    """Choose a folder and list its photos"""

    # An operator instead of a property with `update`: with such properties the bpy module 4.2 crashes when Python exits.
    bl_idname = "tttlrm.choose_folder"
    bl_label = "Choose Folder of Photos"
    bl_options = {"UNDO"}

    directory: folder_property(name="Folder", description="Folder of photos", **FOLDER)
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: open the file browser in the current folder."""
        self.directory = group_of(context.scene).source.folder
        given(context.window_manager).fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        source = group_of(context.scene).source
        source.kind, source.folder = "FOLDER", self.directory
        list_photos(source)
        self.report({"INFO"}, told("{} photos", len(source.photos)))
        return {"FINISHED"}


class TTTLRM_OT_list_photos(bpy.types.Operator):
    """Update the list of photos in the folder, keeping the check marks"""

    bl_idname = "tttlrm.list_photos"
    bl_label = "Refresh Photos"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Choose a folder of photos")
        return bool(group_of(context.scene).source.folder)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        list_photos(group_of(context.scene).source)
        return {"FINISHED"}


class TTTLRM_OT_check_photos(bpy.types.Operator):
    """Check or uncheck all photos of the folder"""

    bl_idname = "tttlrm.check_photos"
    bl_label = "Check Photos"
    bl_options = {"REGISTER", "UNDO"}

    which: EnumProperty(name="Use", description="Which photos to use", items=WHICH)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Choose a folder of photos")
        return len(group_of(context.scene).source.photos) > 0

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Blender calls this."""
        return pgettext_tip(next(words for name, _, words in WHICH if name == properties.which))

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        for photo in group_of(context.scene).source.photos:
            photo.use = not photo.use if self.which == "INVERT" else self.which == "ALL"
        return {"FINISHED"}


class TTTLRM_OT_show_photo(bpy.types.Operator):
    """This photo is much blurrier than most others and will be left out. Click to see it enlarged"""

    bl_idname = "tttlrm.show_photo"
    bl_label = "Show Photo"
    bl_options = {"INTERNAL"}

    index: IntProperty(name="Photo", description="Number of the photo in the list, from 0", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        group_of(context.scene).source.active_photo = self.index
        return {"FINISHED"}


CLASSES = (TTTLRM_OT_choose_folder, TTTLRM_OT_list_photos, TTTLRM_OT_check_photos, TTTLRM_OT_show_photo)
