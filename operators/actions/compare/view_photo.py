# SPDX-License-Identifier: GPL-3.0-or-later
"""Look through the camera of a photo: a certain one, the next or the one before."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from ...engine import errors
from ...mixins import Outcome
from ...narrowing import given
from ...scene.compare import camera_seen, choose_in_list, photo_cameras, photo_of, splats_compared, view_photo
from ...translations import explained
from .key_operator import BY_KEY, KeyOperator


class ViewOperator(KeyOperator):
    """Makes the camera of a photo that of the scene, and looks through it."""

    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        splats = given(splats_compared(context))
        try:
            camera = self.chosen(context, photo_cameras(splats))
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        choose_in_list(splats, camera)
        view_photo(context, splats, camera)
        return {"FINISHED"}

    def chosen(self, context: bpy.types.Context, cameras: list[bpy.types.Object]) -> bpy.types.Object:
        """Choose a camera. Raises `TttlrmError` if it is not there."""
        raise NotImplementedError


class TTTLRM_OT_view_photo(ViewOperator, bpy.types.Operator):
    """Look through the camera of a photo of the active splats, and make it the camera of the scene"""

    bl_idname = "tttlrm.view_photo"
    bl_label = "View Photo"

    by_key: Any = False
    photo: StringProperty(name="Photo", description="Name of the photo; leave empty for that of the scene's camera, or the first")

    def chosen(self, context: bpy.types.Context, cameras: list[bpy.types.Object]) -> bpy.types.Object:
        """The camera with the photo."""
        if not self.photo:
            here = given(context.scene).camera
            return here if here in cameras else cameras[0]
        found = next((camera for camera in cameras if photo_of(camera) == self.photo), None)
        if found is None:
            hint = "Choose one of the photos in the panel Compare."
            raise errors.TttlrmError("There is no camera of the photo {}.", self.photo, hint=hint, code=errors.Code.BAD_SETTINGS)
        return found


class _Step(ViewOperator):
    """Goes on from the camera that is seen, by the photos' names, and around at the ends."""

    step: int

    def chosen(self, context: bpy.types.Context, cameras: list[bpy.types.Object]) -> bpy.types.Object:
        """The camera some steps away."""
        space = context.space_data if isinstance(context.space_data, bpy.types.SpaceView3D) else None
        here = camera_seen(given(context.scene), space)
        return cameras[(cameras.index(here) + self.step) % len(cameras)] if here in cameras else cameras[0]


class TTTLRM_OT_next_photo(_Step, bpy.types.Operator):
    """Look through the camera of the next photo (Page Down in the view through a photo's camera)"""

    bl_idname = "tttlrm.next_photo"
    bl_label = "Next Photo"

    by_key: BY_KEY
    step = 1


class TTTLRM_OT_previous_photo(_Step, bpy.types.Operator):
    """Look through the camera of the photo before (Page Up in the view through a photo's camera)"""

    bl_idname = "tttlrm.previous_photo"
    bl_label = "Previous Photo"

    by_key: BY_KEY
    step = -1
