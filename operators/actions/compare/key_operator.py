# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of operators that have a key in the view through a photo's camera."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty

from ...mixins import Operator, Outcome
from ...narrowing import given
from ...scene.compare import camera_seen, is_photo_camera, looks_through, splats_compared

BY_KEY = BoolProperty(options={"HIDDEN", "SKIP_SAVE"})


class KeyOperator(Operator):
    """An operator on the photos of splats. By its key it works where a 3D view looks through one of their cameras only."""

    by_key: Any  # the classes below have it as a property

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select splats that were reconstructed here, with their cameras")
        return splats_compared(context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: leave the key to others elsewhere."""
        if self.by_key and not at_photo(context):
            return {"PASS_THROUGH"}
        return self.begin(context, event)

    def begin(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Do what there is to do."""
        return self.execute(context)


def at_photo(context: bpy.types.Context) -> bool:
    """Whether the 3D view of the context looks through the camera of a photo."""
    space = context.space_data
    if not isinstance(space, bpy.types.SpaceView3D) or not looks_through(space):
        return False
    return is_photo_camera(camera_seen(given(context.scene), space))
