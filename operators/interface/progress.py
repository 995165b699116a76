# SPDX-License-Identifier: GPL-3.0-or-later
"""The bar of the running job, and the button that stops it."""

from __future__ import annotations

import bpy

from ..jobs import activity


def draw(layout: bpy.types.UILayout) -> None:
    """Draw both while a job runs."""
    if activity.current is None:
        return
    layout.separator()
    layout.progress(factor=activity.current.fraction, text=activity.current.text)
    layout.operator("tttlrm.cancel", text=activity.current.way_out, translate=False, icon="CANCEL")
