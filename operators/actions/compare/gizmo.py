# SPDX-License-Identifier: GPL-3.0-or-later
"""The handle on the line between splats and photo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ...narrowing import given, group_of
from ...viewport.sight import sight_in
from .key_operator import at_photo

SIZE = 12.0  # of the handle, in pixels of a screen of usual density
REACH = 6.0  # how far from the line it can be taken hold of, likewise
DARK, LIGHT = (0.0, 0.0, 0.0, 0.8), (1.0, 1.0, 1.0, 1.0)


class TTTLRM_GT_wipe(bpy.types.Gizmo):
    """Two arrows on the line, which can be dragged anywhere"""

    bl_idname = "TTTLRM_GT_wipe"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        line = _line(context)
        if line is None:
            return
        x, y, size = line[0], (line[1] + line[2]) / 2, SIZE * _density()
        for shade, by in ((DARK, 1.3), (LIGHT, 1.0)):
            for side in (-1, 1):
                near, far, half = x + side * 0.5 * size, x + side * (0.5 + 0.8 * by) * size, 0.6 * by * size
                _fill([(near - side * (by - 1) * size, y + half), (near - side * (by - 1) * size, y - half), (far, y)], shade)

    def test_select(self, context: bpy.types.Context, location: Iterable[int]) -> int:
        """Blender calls this to find out whether the mouse is at the line."""
        line, (x, y) = _line(context), location
        if line is None or not line[1] <= y <= line[2]:
            return -1
        return 0 if abs(x - line[0]) <= REACH * _density() else -1

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Blender calls this when the mouse is pressed at the line."""
        self.before: float = group_of(context.scene).compare.split
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, tweak: Any) -> Any:
        """Blender calls this while the mouse is dragged."""
        region, sight = _region(context), sight_in(context)
        if sight and event.type == "MOUSEMOVE":
            group_of(context.scene).compare.split = sight.shown.share(event.mouse_x - region.x)
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool | None) -> None:
        """Blender calls this at the end."""
        if cancel:
            group_of(context.scene).compare.split = self.before
        else:
            bpy.ops.ed.undo_push(message="Wipe")


class TTTLRM_GGT_wipe(bpy.types.GizmoGroup):
    """The line between splats and photo."""

    bl_idname = "TTTLRM_GGT_wipe"
    bl_label = "Wipe"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT", "SHOW_MODAL_ALL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return group_of(context.scene).compare.mode == "WIPE" and at_photo(context)

    def setup(self, context: bpy.types.Context) -> None:
        """Blender calls this once for each view."""
        self.gizmos.new(TTTLRM_GT_wipe.bl_idname).use_draw_modal = True


def _region(context: bpy.types.Context) -> bpy.types.Region:
    return next(region for region in given(context.area).regions if region.type == "WINDOW")


def _line(context: bpy.types.Context) -> tuple[float, float, float] | None:
    """Column and both ends of the line as far as it is in the view."""
    sight = sight_in(context)
    if sight is None:
        return None
    height = float(_region(context).height)
    return sight.shown.at(group_of(context.scene).compare.split), max(sight.shown.bottom, 0.0), min(sight.shown.top, height)


def _density() -> float:
    return given(bpy.context.preferences).system.ui_scale


def _fill(corners: list[tuple[float, float]], shade: tuple[float, float, float, float]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.uniform_float("color", shade)
    gpu.state.blend_set("ALPHA")
    batch_for_shader(shader, "TRIS", {"pos": [(*corner, 0.0) for corner in corners]}).draw(shader)
    gpu.state.blend_set("NONE")
