# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of splats that get a new draft when the worker is free.

An object is queued at most once, and its settings are read when it is decoded.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import app_handlers
from ..engine import errors, messages
from ..narrowing import given, group_of
from ..scene.lookup import find
from ..scene.splats import is_decodable
from . import activity, failures
from .starting import start_operator

TICK = 0.1  # seconds between checks


class Queue:
    """Objects by `session_uid`, in order."""

    def __init__(self) -> None:
        self._waiting: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, uid: int) -> None:
        """Add an object at the end, unless it is queued already."""
        self._waiting.setdefault(uid)

    def clear(self) -> None:
        """Remove all objects."""
        self._waiting.clear()

    def pop(self) -> int | None:
        """Remove and return the first object; None if there is none."""
        uid = next(iter(self._waiting), None)
        if uid is not None:
            del self._waiting[uid]
        return uid


queue = Queue()


def schedule(obj: bpy.types.Object) -> None:
    """Schedule the decoding of an object."""
    queue.put(obj.session_uid)
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=TICK)


def _tick() -> float | None:
    step()
    return TICK if len(queue) else None


def step() -> None:
    """Start decoding the next object if no job is running."""
    if activity.current is not None:
        return
    obj = find(queue.pop() or 0)
    if obj is not None:
        decode(obj)


def decode(obj: bpy.types.Object) -> None:
    """Decode an object as if it were active; a failure is shown in its panel."""
    if activity.current or not is_decodable(obj):
        return
    windows = given(bpy.context.window_manager).windows
    window: dict[str, Any] = {} if bpy.app.background else {"window": windows[0]}
    with bpy.context.temp_override(**window, object=obj, active_object=obj):
        try:
            start_operator("decode", asked=True)
        except errors.TttlrmError as error:
            failures.note(group_of(obj).session, messages.Failed.of(error))


@persistent
def _leave(*_: Any) -> None:
    queue.clear()


# Opening a file, undo and redo clear the queue.
HANDLERS = (("load_pre", _leave), ("undo_pre", _leave), ("redo_pre", _leave))


def register() -> None:
    """Register the handlers."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Unregister the handlers."""
    queue.clear()
    app_handlers.unregister(HANDLERS)
