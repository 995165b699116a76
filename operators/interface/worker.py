# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of the worker."""

import bpy

from ..jobs import worker
from ..narrowing import given
from ..translations import shown
from .sidebar import Order, Tab


class TTTLRM_PT_worker(Tab, bpy.types.Panel):
    """State and controls of the worker."""

    bl_label = "Worker"
    bl_order = Order.WORKER
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.label(text=_state(), translate=False)
        row = layout.row(align=True)
        row.operator("tttlrm.start_worker", text="Start")
        row.operator("tttlrm.stop_worker", text="Stop")
        layout.operator("tttlrm.check_worker", icon="CHECKMARK")


def _state() -> str:
    """Return how the worker is and, once that is known, what draws there."""
    if not worker.link.connected:
        return shown("Not installed") if worker.lacks_engine() else shown("Starts when needed")
    drawing = worker.link.drawing
    return shown("Connected, draws with: {}", drawing.by) if drawing else shown("Connected")


CLASSES = (TTTLRM_PT_worker,)
