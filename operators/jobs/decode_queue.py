# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats that wait to be decoded again: until a slider has come to rest, until the worker is free, and for each other.

An object waits at most once, and its settings are read when its turn comes: only the newest count, and whatever changes while
a job runs leads to one more decoding after it.
"""

from __future__ import annotations

import time
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import properties
from ..engine import errors, messages
from ..narrowing import given, group_of
from ..scene.lookup import find
from ..scene.splats import is_kept
from . import activity, failures
from .starting import start_operator

REST = 0.3  # seconds without a change before a decoding begins
TICK = 0.1  # seconds between looks


class Queue:
    """Objects in a line, by `session_uid`, with the times from which on it may be their turn."""

    def __init__(self) -> None:
        self._due: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def put(self, uid: int, due: float) -> None:
        """Wait, at the end of the line; one who waits already, anew."""
        self._due.pop(uid, None)
        self._due[uid] = due

    def clear(self) -> None:
        """Nobody waits any more."""
        self._due.clear()

    def pop(self, now: float) -> int | None:
        """Whose turn it is, who then waits no more; None where nobody's time has come."""
        uid = next((uid for uid, due in self._due.items() if due <= now), None)
        if uid is not None:
            del self._due[uid]
        return uid


queue = Queue()


def follow(owner: bpy.types.ID) -> None:
    """Have splats that are live decoded again; settings of others are changed too."""
    if isinstance(owner, bpy.types.Object):
        _follow(owner)


def _follow(obj: bpy.types.Object) -> None:
    if group_of(obj).live and group_of(obj).session and not bpy.app.background:
        schedule(obj, REST)


def schedule(obj: bpy.types.Object, seconds: float = 0.0) -> None:
    """Have an object decoded again, in some seconds at the earliest."""
    queue.put(obj.session_uid, time.monotonic() + seconds)
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=TICK)


def _tick() -> float | None:
    step(time.monotonic())
    return TICK if len(queue) else None


def step(now: float) -> None:
    """Begin to decode the next object, if there is one and no job is running."""
    if activity.current is not None:
        return
    obj = find(queue.pop(now) or 0)
    if obj is not None:
        decode(obj)


def decode(obj: bpy.types.Object) -> None:
    """Decode an object as if it were the active one; what keeps it from that is told in its panel."""
    if activity.current or not is_kept(obj):
        return
    windows = given(bpy.context.window_manager).windows
    window: dict[str, Any] = {} if bpy.app.background else {"window": windows[0]}
    with bpy.context.temp_override(**window, object=obj, active_object=obj):
        try:
            start_operator("decode")
        except errors.TttlrmError as error:
            failures.note(group_of(obj).session, messages.Failed.of(error))


@persistent
def _leave(*_: Any) -> None:
    queue.clear()


@persistent
def moved(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Blender calls this when anything has changed: splats are cropped anew where they or their boxes have moved."""
    ids = [given(update.id).original for update in depsgraph.updates if update.is_updated_transform]
    if not ids or not bpy.data.pointclouds:
        return
    for obj in scene.objects:
        if obj.type == "POINTCLOUD" and group_of(obj).crop and (obj in ids or group_of(obj).crop in ids):
            _follow(obj)


# Nobody goes on waiting in another file, or in another past.
HANDLERS = (("load_pre", _leave), ("undo_pre", _leave), ("redo_pre", _leave), ("depsgraph_update_post", moved))


def register() -> None:
    """Listen to Blender."""
    properties.listeners.append(follow)
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Take that back out."""
    queue.clear()
    properties.listeners.remove(follow)
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
