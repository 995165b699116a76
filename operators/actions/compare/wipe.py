# SPDX-License-Identifier: GPL-3.0-or-later
"""Move the line between splats and photo with the mouse or the arrow keys."""

from __future__ import annotations

import bpy

from ...mixins import Outcome
from ...narrowing import given, group_of
from ...translations import shown
from ...viewport.gesture import Gesture
from ...viewport.sight import sight_in
from .compare import show
from .key_operator import BY_KEY, KeyOperator

HELP = "Mouse or arrow keys: move the line, Enter or click: keep it, Esc: put it back"
STEP, FAST = 0.01, 0.1  # of the width, for a press of an arrow key, and with Shift
ARROWS = {"LEFT_ARROW": -1, "RIGHT_ARROW": 1}


class TTTLRM_OT_wipe(KeyOperator, bpy.types.Operator):
    """Move the line between splats and photo with the mouse or the arrow keys (Shift+End)"""

    bl_idname = "tttlrm.wipe"
    bl_label = "Move Line"

    by_key: BY_KEY

    def begin(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Wait for mouse and keys."""
        show(context, "WIPE")
        if context.area is None or context.area.type != "VIEW_3D":
            return {"FINISHED"}
        self._before: float = group_of(context.scene).compare.split
        self._gesture = Gesture(context, shown(HELP))
        given(context.window_manager).modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this for scripts: only show the line."""
        show(context, "WIPE")
        return {"FINISHED"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this with every event of the window."""
        group = group_of(context.scene).compare
        if event.type == "MOUSEMOVE":
            sight = sight_in(context)
            if sight:
                group.split = sight.shown.share(self._gesture.mouse(event)[0])
        elif event.type in ARROWS and event.value == "PRESS":
            group.split += ARROWS[event.type] * (FAST if event.shift else STEP)
        elif event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            group.split = self._before
            return self._leave({"CANCELLED"})
        elif event.type in {"LEFTMOUSE", "RET", "NUMPAD_ENTER"} and event.value == "PRESS":
            return self._leave({"FINISHED"})
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender calls this when the window is closed."""
        self._gesture.end()

    def _leave(self, outcome: Outcome) -> Outcome:
        self._gesture.end()
        return outcome
