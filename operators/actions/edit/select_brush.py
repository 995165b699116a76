# SPDX-License-Identifier: GPL-3.0-or-later
"""Select splats with strokes of a round brush."""

import bpy
import numpy as np
from bpy.app.translations import pgettext_n
from bpy.props import BoolProperty, CollectionProperty, IntProperty, IntVectorProperty

from ...engine import select
from ...mixins import Outcome
from ...scene import masks
from ...scene.points import cloud_of
from .operator import edited
from .select_operator import before
from .view_operator import ViewOperator

WHEEL = {"WHEELUPMOUSE": 1.15, "NUMPAD_PLUS": 1.15, "WHEELDOWNMOUSE": 1 / 1.15, "NUMPAD_MINUS": 1 / 1.15}
END = {"RET", "NUMPAD_ENTER", "SPACE"}


class TTTLRM_PG_dab(bpy.types.PropertyGroup):
    """One dab of the brush."""

    mouse: IntVectorProperty(name="Location", size=2)
    radius: IntProperty(name="Radius", description="Radius in pixels; 0 for the radius of the operator", subtype="PIXEL")
    flip: BoolProperty(name="Deselect")


class TTTLRM_OT_select_brush(ViewOperator, bpy.types.Operator):
    """Paint over splats to select them, even behind others. Shift extends, Ctrl subtracts, the wheel resizes the brush"""

    bl_idname = "tttlrm.select_brush"
    bl_label = "Brush Select Splats"
    help = pgettext_n(
        "Paint · Shift: extend · Ctrl: subtract · Wheel or +/−: radius · Enter or right mouse button: done · Esc: cancel"
    )

    radius: IntProperty(name="Radius", subtype="PIXEL", min=1, default=25)
    path: CollectionProperty(
        name="Path", description="Positions of the brush", type=TTTLRM_PG_dab, options={"HIDDEN", "SKIP_SAVE"}
    )
    _painting = False
    _before: dict[str, np.ndarray]  # masks and pixels by object name
    _masks: dict[str, np.ndarray]
    _pixels: dict[str, np.ndarray]

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the splats whose centers are under the path."""
        return self._along_path(obj, np.zeros(len(cloud_of(obj).points), dtype=bool))

    def joined(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the new selection; dabs that deselect also apply to the previous selection."""
        return self._along_path(obj, before(obj)) if self.mode == "ADD" else super().joined(context, obj)

    def _along_path(self, obj: bpy.types.Object, mask: np.ndarray) -> np.ndarray:
        pixels = self.pixels(obj)
        for spot in self.path:
            mask = _dabbed(mask, pixels, spot, self.radius)
        return mask

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this. The brush starts from the current selection."""
        outcome = super().invoke(context, event)
        if outcome == {"RUNNING_MODAL"}:
            self.mode = "ADD"
            self._before = {obj.name: before(obj) for obj in edited(context)}
            self._masks, self._pixels = dict(self._before), {obj.name: self.pixels(obj) for obj in edited(context)}
            self.gesture.show_circle(self.gesture.mouse(event), self.radius)
        return outcome

    def drag(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Paint while the left mouse button is pressed."""
        if event.type in WHEEL and event.value == "PRESS":
            self.radius = max(1, round(self.radius * WHEEL[event.type]))
        if event.type == "LEFTMOUSE":
            self._painting = event.value == "PRESS"
            if self._painting and not (self.path or event.shift or event.ctrl):
                self.mode, self._masks = "SET", {name: np.zeros_like(mask) for name, mask in self._masks.items()}
        if self._painting and event.type in {"LEFTMOUSE", "MOUSEMOVE"}:
            self._paint(context, self.gesture.mouse(event), event.ctrl)
        self.gesture.show_circle(self.gesture.mouse(event), self.radius)
        return self.leave(context, event) if event.type in END and event.value == "PRESS" else {"RUNNING_MODAL"}

    def leave(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Finish, or cancel and restore the previous selection."""
        super().leave(context, event)
        if event.type != "ESC" and self.path:
            return {"FINISHED"}
        self._show(context, self._before)
        return {"CANCELLED"}

    def _paint(self, context: bpy.types.Context, mouse: tuple[int, int], flip: bool) -> None:
        """Add one dab and show it; the path is kept, so that the operator can be repeated."""
        spot = self.path.add()
        spot.mouse, spot.flip, spot.radius = mouse, flip, self.radius
        self._masks = {name: _dabbed(mask, self._pixels[name], spot, self.radius) for name, mask in self._masks.items()}
        self._show(context, self._masks)

    def _show(self, context: bpy.types.Context, wanted: dict[str, np.ndarray]) -> None:
        for obj in edited(context):
            masks.select(obj, wanted[obj.name])


def _dabbed(mask: np.ndarray, pixels: np.ndarray, spot: TTTLRM_PG_dab, radius: int) -> np.ndarray:
    """Return a mask [N] after one dab of the brush."""
    under = select.in_circle(pixels, tuple(spot.mouse), spot.radius or radius)
    return mask & ~under if spot.flip else mask | under
