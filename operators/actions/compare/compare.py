# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch the comparison of splats and photo on, over or off."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ...mixins import Outcome
from ...narrowing import given, group_of
from ...scene.compare import MODES, photo_cameras, splats_compared, view_photo
from .key_operator import BY_KEY, KeyOperator, at_photo

NEXT = ("NEXT", "Next", "Go on from Off to Wipe, to Difference and back to Off")


class TTTLRM_OT_compare(KeyOperator, bpy.types.Operator):
    """Compare the splats with the photo of the camera that the view looks through (End goes from one way to the next)"""

    bl_idname = "tttlrm.compare"
    bl_label = "Compare with Photo"
    bl_options = {"REGISTER", "UNDO"}

    by_key: BY_KEY
    mode: EnumProperty(name="Compare", description="How splats and photo are shown in the camera view", items=(NEXT, *MODES))

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this. A view that looks through no photo's camera is made to."""
        show(context, self.mode)
        return {"FINISHED"}


def show(context: bpy.types.Context, mode: str) -> None:
    """Compare in a certain way, or in the `NEXT`."""
    group, names = group_of(context.scene).compare, [name for name, *_ in MODES]
    group.mode = names[(names.index(group.mode) + 1) % len(names)] if mode == "NEXT" else mode
    if group.mode != "OFF" and not at_photo(context):
        splats, here = given(splats_compared(context)), given(context.scene).camera
        cameras = photo_cameras(splats)
        view_photo(context, splats, given(here) if here in cameras else cameras[0])
