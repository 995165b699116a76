# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer that follows the running job. A modal operator would keep Blender from saving automatically until the job ends."""

from __future__ import annotations

from typing import Any, Protocol

import bpy
from bpy.app.handlers import persistent

from .. import app_handlers
from ..narrowing import given
from . import activity

TICK = 0.1  # seconds between looks at the job


class Follower(Protocol):
    """An operator with a job."""

    def step(self) -> bool:
        """Take what has happened; return whether the job goes on."""

    def abandon(self) -> None:
        """Cancel the job, and forget it."""

    def wake(self) -> None:
        """Let Blender end the operator."""


_follower: Follower | None = None


def follow(follower: Follower) -> None:
    """Call `step` of an operator until its job has ended, as if from Blender's first window, which stays open."""
    global _follower
    _follower = follower
    if not bpy.app.timers.is_registered(_tick):  # it may be, from the job before
        bpy.app.timers.register(_tick, first_interval=TICK)


def _tick() -> float | None:
    if _follower is None:
        return None
    goes_on = False
    try:
        with bpy.context.temp_override(window=given(bpy.context.window_manager).windows[0]):
            goes_on = _follower.step()
    except Exception:  # a bug: without this, the job would be said to run for ever
        _abandon()
        raise
    finally:
        if not goes_on:
            _forget()
    return TICK if goes_on else None


def _forget() -> None:
    global _follower
    _follower = None


def _abandon(wake: bool = True) -> None:
    follower = _follower
    _forget()
    if follower is not None and activity.current:
        with bpy.context.temp_override(window=given(bpy.context.window_manager).windows[0]):
            follower.abandon()
            if wake:
                follower.wake()


@persistent
def _leave(*_: Any) -> None:
    """Another file is about to be opened."""
    _abandon()


HANDLERS = (("load_pre", _leave),)


def register() -> None:
    """Register the handler."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Unregister the handler, and cancel the job. Its operator sleeps on: Blender must not call one whose class is gone."""
    _abandon(wake=False)
    app_handlers.unregister(HANDLERS)
