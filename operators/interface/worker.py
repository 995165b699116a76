# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of the worker."""

import bpy

from ..jobs import worker
from ..narrowing import given
from .sidebar import Order, Tab


class TTTLRM_PT_worker(Tab, bpy.types.Panel):
    """State and controls of the worker."""

    bl_label = "Worker"
    bl_order = Order.WORKER
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, lacking = given(self.layout), worker.lacks_engine()
        layout.label(text="Connected" if worker.link.connected else "Not installed" if lacking else "Starts when needed")
        row = layout.row(align=True)
        row.operator("tttlrm.start_worker", text="Start")
        row.operator("tttlrm.stop_worker", text="Stop")
        layout.operator("tttlrm.check_worker", icon="CHECKMARK")


CLASSES = (TTTLRM_PT_worker,)
