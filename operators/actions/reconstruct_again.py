# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct the photos of splats whose scene the worker no longer has."""

import bpy

from ..engine import errors
from ..jobs.starting import start_operator
from ..mixins import Outcome
from ..narrowing import given
from ..scene.editable import takes_objects
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
        return is_splats(context.object) and takes_objects(cls, context)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        splats = given(context.object)
        name = next(
            (collection.name for collection in splats.users_collection if collection.name in bpy.data.collections), splats.name
        )
        try:
            return start_operator("reconstruct", name=name, again=True)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
