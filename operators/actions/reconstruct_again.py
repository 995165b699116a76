# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct the photos of splats whose scene the worker no longer has."""

import bpy

from ..engine import errors
from ..jobs.starting import start_operator
from ..mixins import Outcome
from ..narrowing import given
from ..scene.cameras import background_photo
from ..scene.splats import is_splats
from ..translations import explained


class TTTLRM_OT_reconstruct_again(bpy.types.Operator):
    """Reconstruct the photos of these splats' cameras again, as a new scene; without cameras, ask for a folder"""

    bl_idname = "tttlrm.reconstruct_again"
    bl_label = "Reconstruct Again"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select an object with splats")
        return is_splats(context.object)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        beside = {obj for collection in given(context.object).users_collection for obj in collection.all_objects}
        name = (
            given(context.object).users_collection[0].name
            if given(context.object).users_collection
            else given(context.object).name
        )
        for obj in given(context.view_layer).objects:
            obj.select_set(obj in beside and obj.type == "CAMERA" and background_photo(obj) is not None)
        try:
            return start_operator("reconstruct", name=name)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
