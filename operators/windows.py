# SPDX-License-Identifier: GPL-3.0-or-later
"""Redraw editors in all open windows."""

from collections.abc import Iterator

import bpy

from .narrowing import given, untyped

PANELS = {"VIEW_3D": "UI", "PROPERTIES": "WINDOW", "PREFERENCES": "WINDOW"}  # type of the region with panels, by type of editor


def redraw(kind: str) -> None:
    """Redraw all editors of a type, such as "VIEW_3D"."""
    for area in _areas():
        if area.type == kind:
            area.tag_redraw()


def redraw_panels() -> None:
    """Redraw all panels, but not the 3D viewport beside its sidebar, which takes much longer."""
    for area in _areas():
        for region in area.regions:
            if region.type == PANELS.get(area.type):
                region.tag_redraw()


def redraw_status_bars() -> None:
    """Redraw the status bars of all windows, which are in no screen, but for those in which an operator may show its own text."""
    for window in given(bpy.context.window_manager).windows:
        if not untyped(window).modal_operators:
            with bpy.context.temp_override(window=window):
                untyped(window.workspace).status_text_set_internal(None)


def _areas() -> Iterator[bpy.types.Area]:
    for window in given(bpy.context.window_manager).windows:
        yield from window.screen.areas
