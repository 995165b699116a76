# SPDX-License-Identifier: GPL-3.0-or-later
"""What is open on the screen."""

import bpy


def redraw(*kinds: str) -> None:
    """Let all editors of some kinds, such as "VIEW_3D", be drawn anew."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()
