# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats in a rectangle of the view."""

import bpy
import numpy as np
from bpy.app.translations import pgettext_n
from bpy.props import IntProperty

from ...engine import select
from ...mixins import Outcome
from .view_operator import ViewOperator, mode_of


class TTTLRM_OT_select_box(ViewOperator, bpy.types.Operator):
    """Select all splats in a rectangle of the view, even behind others. Drag to select; Shift extends, Ctrl subtracts"""

    bl_idname = "tttlrm.select_box"
    bl_label = "Box Select Splats"
    help = pgettext_n("Drag a box · Shift: extend · Ctrl: subtract · Esc or right mouse button: cancel")

    xmin: IntProperty(name="Left", subtype="PIXEL", options={"SKIP_SAVE"})
    ymin: IntProperty(name="Bottom", subtype="PIXEL", options={"SKIP_SAVE"})
    xmax: IntProperty(name="Right", subtype="PIXEL", options={"SKIP_SAVE"})
    ymax: IntProperty(name="Top", subtype="PIXEL", options={"SKIP_SAVE"})
    _start: tuple[int, int] | None = None

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats whose centers are in the rectangle."""
        return select.in_rectangle(self.pixels(obj), (self.xmin, self.ymin), (self.xmax, self.ymax))

    def drag(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Draw the box while the left mouse button is pressed, and select when it is released."""
        x, y = self.gesture.mouse(event)
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            self._start, self.mode = (x, y), mode_of(event)
        if self._start:
            (self.xmin, self.xmax), (self.ymin, self.ymax) = sorted((self._start[0], x)), sorted((self._start[1], y))
            self.gesture.show_box((self.xmin, self.ymin), (self.xmax, self.ymax))
            if event.type == "LEFTMOUSE" and event.value == "RELEASE":
                self.gesture.end()
                return self.execute(context)
        return {"RUNNING_MODAL"}
