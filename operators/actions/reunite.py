# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats whose scene no worker keeps any more get one again."""

from typing import ClassVar

import bpy

from ..engine import errors
from ..jobs.starting import start_operator
from ..scene.cameras import background_photo
from ..scene.splats import is_splats
from ..translations import explained


class TTTLRM_OT_reconstruct_again(bpy.types.Operator):
    """Reconstruct the photos of the cameras beside these splats again, as a new scene; without such cameras ask for a folder"""

    bl_idname = "tttlrm.reconstruct_again"
    bl_label = "Reconstruct Again"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select an object with splats")
        return is_splats(context.object)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender calls this."""
        beside = {obj for collection in context.object.users_collection for obj in collection.all_objects}
        name = context.object.users_collection[0].name if context.object.users_collection else context.object.name
        for obj in context.view_layer.objects:
            obj.select_set(obj in beside and obj.type == "CAMERA" and background_photo(obj) is not None)
        try:
            return start_operator("reconstruct", name=name)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
