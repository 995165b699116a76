# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the subject of splats in the 3D viewport, by the key that frames all other objects."""

from __future__ import annotations

import bpy

from ..mixins import Outcome
from ..narrowing import given
from ..scene.framing import subjects_selected
from ..scene.splats import is_splats

_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


class TTTLRM_OT_view_splats(bpy.types.Operator):
    """Move the view to the selected objects. Splats are framed by their subject, without the haze around it"""

    bl_idname = "tttlrm.view_splats"
    bl_label = "Frame Selected Splats"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this. Where it is false, Blender's own operator gets the key."""
        cls.poll_message_set("Select splats in Object Mode in a 3D Viewport")
        in_view = context.area is not None and context.area.type == "VIEW_3D"
        return in_view and context.mode == "OBJECT" and any(map(is_splats, context.selected_objects))

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        region = next(region for region in given(context.area).regions if region.type == "WINDOW")
        with subjects_selected(context), context.temp_override(region=region):
            bpy.ops.view3d.view_selected()
        return {"FINISHED"}


def register() -> None:
    """Put the operator before Blender's own on its key."""
    configuration = given(bpy.context.window_manager).keyconfigs.addon
    if configuration is None:  # without a window
        return
    keymap = configuration.keymaps.new("3D View", space_type="VIEW_3D")
    _keys.append((keymap, keymap.keymap_items.new(TTTLRM_OT_view_splats.bl_idname, "NUMPAD_PERIOD", "PRESS")))


def unregister() -> None:
    """Take that back out."""
    while _keys:
        keymap, item = _keys.pop()
        keymap.keymap_items.remove(item)
