# SPDX-License-Identifier: GPL-3.0-or-later
"""The first line of the tab while there is no engine: a button that installs it, or the progress of that."""

from __future__ import annotations

import contextlib
import threading

import bpy

from .. import addon
from ..engine import errors, setup
from ..jobs import activity, starting, worker
from ..narrowing import given
from ..translations import explained, shown
from ..windows import redraw_panels
from .sidebar import Order, Tab, paragraph

SOON = 0.2  # seconds

_sizes: dict[str, int] = {}  # megabytes to download, by the build that was chosen; 0 where there is none


class TTTLRM_PT_engine(Tab, bpy.types.Panel):
    """The offer."""

    bl_label = "Engine"
    bl_order = Order.ENGINE
    bl_options = {"HIDE_HEADER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_installing() or worker.lacks_engine()

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        if is_installing():
            running = given(activity.current)
            layout.progress(factor=running.fraction, text=running.text)
            layout.operator("tttlrm.cancel", icon="CANCEL")
            return
        chosen = addon.preferences()
        if chosen is None:
            paragraph(layout, context, shown("Install tttLRM as an extension, which brings its engine."), "INFO")
            return
        megabytes = 0 if chosen.wheels else _megabytes(chosen.build)
        text = shown("Install the Engine (about {} MB)", megabytes) if megabytes else shown("Install the Engine")
        button = layout.column()
        button.scale_y = 1.5
        button.operator("tttlrm.setup_worker", text=text, translate=False, icon="IMPORT")
        if starting.failure and starting.failure.code != errors.Code.NO_WORKER:  # of the last attempt
            paragraph(layout, context, explained(starting.failure), "ERROR")


def is_installing() -> bool:
    """Whether the engine is being installed."""
    return activity.current is not None and isinstance(activity.current.run, setup.Setup)


def _megabytes(build: str) -> int:
    """How much a build downloads; 0 as long as it is being found out, which may take a second."""
    if build not in _sizes:
        _sizes[build] = 0
        thread = threading.Thread(target=_measure, args=(build,), daemon=True)
        thread.start()
        if bpy.app.background:
            thread.join()
        else:
            bpy.app.timers.register(lambda: SOON if thread.is_alive() else redraw_panels())
    return _sizes[build]


def _measure(build: str) -> None:
    with contextlib.suppress(errors.TttlrmError):  # the button says so
        _sizes[build] = setup.download_size(build)


CLASSES = (TTTLRM_PT_engine,)
