# SPDX-License-Identifier: GPL-3.0-or-later
"""What is open on the screen."""

from collections.abc import Iterator

import bpy

from .narrowing import given

PANELS = {"VIEW_3D": "UI", "PROPERTIES": "WINDOW", "PREFERENCES": "WINDOW"}  # the region that holds them, by kind of editor


def redraw(kind: str) -> None:
    """Let all editors of a kind, such as "VIEW_3D", be drawn anew."""
    for area in _areas():
        if area.type == kind:
            area.tag_redraw()


def redraw_panels() -> None:
    """Let all panels be drawn anew, but not the 3D view beside its sidebar, which takes much longer."""
    for area in _areas():
        for region in area.regions:
            if region.type == PANELS.get(area.type):
                region.tag_redraw()


def _areas() -> Iterator[bpy.types.Area]:
    for window in given(bpy.context.window_manager).windows:
        yield from window.screen.areas
