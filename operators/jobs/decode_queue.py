# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of splats to decode again, when a slider has come to rest and the worker is free.

An object is queued at most once, and its settings are read when it is decoded: only the newest count, and changes during a job
lead to one more decoding after it.
"""

from __future__ import annotations

import time
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import app_handlers, properties
from ..engine import errors, messages
from ..narrowing import given, group_of
from ..scene.lookup import find
from ..scene.splats import is_decodable
from . import activity, failures
from .starting import start_operator

REST = 0.3  # seconds without a change before decoding starts
TICK = 0.1  # seconds between checks


class Queue:
    """Objects by `session_uid`, in order, each with the earliest time at which it is due."""

    def __init__(self) -> None:
        self._due: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def put(self, uid: int, due: float) -> None:
        """Add an object at the end; one that is already queued moves there."""
        self._due.pop(uid, None)
        self._due[uid] = due

    def clear(self) -> None:
        """Remove all objects."""
        self._due.clear()

    def pop(self, now: float) -> int | None:
        """Remove and return the first object that is due; None if there is none."""
        uid = next((uid for uid, due in self._due.items() if due <= now), None)
        if uid is not None:
            del self._due[uid]
        return uid


queue = Queue()


def follow(owner: bpy.types.ID) -> None:
    """Schedule an object whose settings were changed, if it is live; scenes have settings too, but nothing to decode."""
    if isinstance(owner, bpy.types.Object):
        _follow(owner)


def _follow(obj: bpy.types.Object) -> None:
    if group_of(obj).live and group_of(obj).session and not bpy.app.background:
        schedule(obj, REST)


def schedule(obj: bpy.types.Object, seconds: float = 0.0) -> None:
    """Schedule the decoding of an object, after `seconds` at the earliest."""
    queue.put(obj.session_uid, time.monotonic() + seconds)
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=TICK)


def _tick() -> float | None:
    step(time.monotonic())
    return TICK if len(queue) else None


def step(now: float) -> None:
    """Start decoding the next due object if no job is running."""
    if activity.current is not None:
        return
    obj = find(queue.pop(now) or 0)
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


@persistent
def moved(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Blender calls this after changes: schedule live splats if they or their crop boxes have moved."""
    ids = [given(update.id).original for update in depsgraph.updates if update.is_updated_transform]
    if not ids or not bpy.data.pointclouds:
        return
    for obj in scene.objects:
        if obj.type == "POINTCLOUD" and group_of(obj).crop and (obj in ids or group_of(obj).crop in ids):
            _follow(obj)


# Opening a file, undo and redo clear the queue.
HANDLERS = (("load_pre", _leave), ("undo_pre", _leave), ("redo_pre", _leave), ("depsgraph_update_post", moved))


def register() -> None:
    """Register the handlers."""
    properties.listeners.append(follow)
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Unregister the handlers."""
    queue.clear()
    properties.listeners.remove(follow)
    app_handlers.unregister(HANDLERS)
