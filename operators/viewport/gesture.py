# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen in a 3D view while something is selected with the mouse: a box, a lasso, or the circle of a brush."""

from __future__ import annotations

import math

import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ..narrowing import given

Point = tuple[float, float]
SHADES = ((0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0))  # a dark line and a light one beside it are seen on anything


class Gesture:
    """An outline over the 3D view that an operator was started in, and a line of help in the status bar, until `end`."""

    def __init__(self, context: bpy.types.Context, text: str) -> None:
        self._region = next(region for region in given(context.area).regions if region.type == "WINDOW")
        self._area, self._window, self._workspace = context.area, given(context.window), given(context.workspace)
        self._outline: list[Point] = []
        self._handler = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        self._window.cursor_modal_set("CROSSHAIR")
        self._workspace.status_text_set(text)

    def mouse(self, event: bpy.types.Event) -> tuple[int, int]:
        """Where the mouse is in the view, in pixels from the lower left."""
        return event.mouse_x - self._region.x, event.mouse_y - self._region.y

    def show_box(self, low: Point, high: Point) -> None:
        """Draw a rectangle."""
        self._show([low, (high[0], low[1]), high, (low[0], high[1])])

    def show_circle(self, center: Point, radius: float) -> None:
        """Draw a circle."""
        turns = [2 * math.pi * step / 48 for step in range(48)]
        self._show([(center[0] + radius * math.cos(turn), center[1] + radius * math.sin(turn)) for turn in turns])

    def show_path(self, path: list[Point]) -> None:
        """Draw a closed path."""
        self._show(path)

    def end(self) -> None:
        """Take everything away."""
        bpy.types.SpaceView3D.draw_handler_remove(self._handler, "WINDOW")
        self._window.cursor_modal_restore()
        self._workspace.status_text_set(None)
        self._region.tag_redraw()

    def _show(self, outline: list[Point]) -> None:
        self._outline = [*outline, outline[0]]
        self._region.tag_redraw()

    def _draw(self) -> None:
        if bpy.context.area != self._area or not self._outline:
            return
        width = given(bpy.context.preferences).system.pixel_size  # of a line of Blender's own, in pixels
        shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
        shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
        shader.uniform_float("lineWidth", width)
        for number, shade in enumerate(SHADES):
            corners = [(x + number * width, y + number * width, 0.0) for x, y in self._outline]
            shader.uniform_float("color", shade)
            batch_for_shader(shader, "LINE_STRIP", {"pos": corners}).draw(shader)
