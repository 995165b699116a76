# SPDX-License-Identifier: GPL-3.0-or-later
"""The running job, for panels and operators that show or stop it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..engine import client, messages, stages
from ..narrowing import given
from ..translations import shown
from ..windows import redraw_panels
from .stages import phrase


@dataclass
class Activity:
    """A running job and its progress."""

    title: str
    run: client.Job
    stage: str = ""
    fraction: float = 0.0  # of the stage, 0 to 1
    seconds_left: float | None = None  # in the stage
    stopping: bool = False  # whether somebody asked it to stop
    discarding: bool = False  # whether somebody asked twice, and wants no result
    has_splats: bool = False  # whether new ones have been decoded or refined

    def stop(self) -> None:
        """End the job early, with the result so far if there is one; the second time, without."""
        if self.stopping:
            self.discarding = True
            self.run.cancel()
        else:
            self.run.finish()
        self.stopping = True

    def take(self, message: messages.Event) -> None:
        """Update the progress from an event."""
        if isinstance(message, messages.Queued):
            self.stage, self.fraction, self.seconds_left = stages.Stage.WAIT, 0.0, None
        elif isinstance(message, messages.Progress):
            decoded = self.stage == stages.Stage.DECODE != message.stage
            self.has_splats = self.has_splats or decoded or message.stage == stages.Stage.REFINE
            self.stage, self.fraction, self.seconds_left = message.stage, message.fraction, message.seconds_left

    @property
    def text(self) -> str:
        """One line for panels and the status bar."""
        done = f"{phrase(self.stage)} {self.fraction:.0%}"
        return done if self.seconds_left is None else shown("{}, {:.0f} s left", done, self.seconds_left)

    @property
    def advice(self) -> str:
        """What Esc does, for the status bar and the panel."""
        if self.stopping:
            return shown("Stopping; press Esc again to discard the result")
        return shown("Esc keeps the splats so far" if self.has_splats else "Esc to stop")


current: Activity | None = None


def begin(title: str, run: client.Job) -> None:
    """Set the running job."""
    global current
    current = Activity(title, run)


def end(context: bpy.types.Context) -> None:
    """Clear the running job."""
    global current
    current = None
    show(context)


def show(context: bpy.types.Context) -> None:
    """Show the progress in the status bar and redraw the panels."""
    if bpy.app.background:
        return
    given(context.workspace).status_text_set(f"{current.text}   ({current.advice})" if current else None)
    redraw_panels()
