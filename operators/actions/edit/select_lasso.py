# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats inside a freehand outline in the view."""

import bpy
import numpy as np
from bpy.app.translations import pgettext_n
from bpy.props import CollectionProperty, IntVectorProperty

from ...engine import select
from ...mixins import Outcome
from .view_operator import ViewOperator, mode_of

LEAST = 3  # pixels between two corners of the outline


class TTTLRM_PG_corner(bpy.types.PropertyGroup):
    """One corner of the lasso."""

    loc: IntVectorProperty(name="Location", size=2)


class TTTLRM_OT_select_lasso(ViewOperator, bpy.types.Operator):
    """Select all splats inside an outline in the view, even behind others. Drag to select; Shift extends, Ctrl subtracts"""

    bl_idname = "tttlrm.select_lasso"
    bl_label = "Lasso Select Splats"
    help = pgettext_n("Drag around splats · Shift: extend · Ctrl: subtract · Esc or right mouse button: cancel")

    path: CollectionProperty(
        name="Path", description="Corners of the outline", type=TTTLRM_PG_corner, options={"HIDDEN", "SKIP_SAVE"}
    )

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats whose centers are inside the outline."""
        return select.in_outline(self.pixels(obj), np.array([tuple(corner.loc) for corner in self.path]))

    def drag(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Draw the outline while the left mouse button is pressed, and select when it is released."""
        x, y = self.gesture.mouse(event)
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            self.path.clear()
            self.mode = mode_of(event)
            self.path.add().loc = (x, y)
        elif self.path:
            last = self.path[-1].loc
            if abs(x - last[0]) + abs(y - last[1]) >= LEAST:
                self.path.add().loc = (x, y)
                self.gesture.show_path([(corner.loc[0], corner.loc[1]) for corner in self.path])
            if event.type == "LEFTMOUSE" and event.value == "RELEASE":
                self.gesture.end()
                return self.execute(context)
        return {"RUNNING_MODAL"}
