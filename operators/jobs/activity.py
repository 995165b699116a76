# SPDX-License-Identifier: GPL-3.0-or-later
"""The running job, for panels and operators that show or stop it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..engine import client, messages, stages
from ..translations import shown
from ..windows import redraw_panels, redraw_status_bars
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
    def way_out(self) -> str:
        """What stopping the job does now, for the buttons that do so."""
        if self.stopping:
            return shown("Discard")
        return shown("Stop & Keep" if self.has_splats else "Stop")


current: Activity | None = None
_shown = ""  # by the status bar


def begin(title: str, run: client.Job) -> None:
    """Set the running job."""
    global current
    current = Activity(title, run)


def end() -> None:
    """Clear the running job."""
    global current
    current = None
    show()


def show() -> None:
    """Show the progress in the panels and the status bar."""
    global _shown
    if bpy.app.background:
        return
    redraw_panels()
    now = f"{current.text} {current.way_out}" if current else ""
    if now != _shown:
        redraw_status_bars()
    _shown = now
