# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that is running now, for all who show or stop it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from .engine import client, messages
from .windows import redraw


@dataclass
class Activity:
    """A running job and how far it is."""

    title: str
    run: client.Job
    stage: str = ""
    fraction: float = 0.0  # of the stage, 0 to 1
    seconds_left: float | None = None  # in the stage

    def take(self, message: messages.Event) -> None:
        """Note what an event says about the progress."""
        if isinstance(message, messages.Queued):
            self.stage, self.fraction, self.seconds_left = "wait for other jobs", 0.0, None
        elif isinstance(message, messages.Progress):
            self.stage, self.fraction, self.seconds_left = message.stage, message.fraction, message.seconds_left

    @property
    def text(self) -> str:
        """One line for a person."""
        left = f", {self.seconds_left:.0f} s left" if self.seconds_left is not None else ""
        return f"{self.stage[:1].upper()}{self.stage[1:]} {self.fraction:.0%}{left}"


current: Activity | None = None


def begin(title: str, run: client.Job) -> None:
    """A job has been given to the worker."""
    global current
    current = Activity(title, run)


def end(context: bpy.types.Context) -> None:
    """The job is over."""
    global current
    current = None
    show(context)


def show(context: bpy.types.Context) -> None:
    """Tell the progress in the status bar and draw the panels anew."""
    if bpy.app.background:
        return
    context.workspace.status_text_set(f"{current.text}   (Esc stops it)" if current else None)
    redraw("VIEW_3D", "PROPERTIES", "PREFERENCES")
