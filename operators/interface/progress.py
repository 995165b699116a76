# SPDX-License-Identifier: GPL-3.0-or-later
"""The bar of the running job, and the button that stops it."""

from __future__ import annotations

import bpy

from ..jobs import activity


def draw(layout: bpy.types.UILayout) -> None:
    """Draw both while a job runs."""
    job = activity.current
    if job is None:
        return
    layout.separator()
    layout.label(text=job.doing, translate=False)
    layout.progress(factor=job.fraction, text=job.how_far)
    layout.operator("tttlrm.cancel", text=job.way_out, translate=False, icon="CANCEL")
