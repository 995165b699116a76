# SPDX-License-Identifier: GPL-3.0-or-later
"""The running job in Blender's status bar, with the button that stops it, wherever the person is working."""

from typing import Any

import bpy

from ..jobs import activity
from ..narrowing import given

WIDTH = 22  # of the bar, in buttons' heights: for the longest line


def draw(header: Any, context: bpy.types.Context) -> None:
    """Blender calls this after its own part of the status bar."""
    job = activity.current
    if job is None:
        return
    row = given(header.layout).row(align=True)
    bar = row.row()
    bar.ui_units_x = WIDTH
    bar.progress(factor=job.fraction, text=job.text)
    row.operator("tttlrm.cancel", text=job.way_out, translate=False, icon="CANCEL")


def register() -> None:
    """Add this to the status bar."""
    bpy.types.STATUSBAR_HT_header.append(draw)


def unregister() -> None:
    """Remove it."""
    bpy.types.STATUSBAR_HT_header.remove(draw)
