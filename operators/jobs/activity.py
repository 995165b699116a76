# SPDX-License-Identifier: GPL-3.0-or-later
"""The running job, for panels and operators that show or stop it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..engine import client, messages, outlook_words, stages
from ..translations import contexts, shown, shown_text
from ..windows import redraw_panels, redraw_status_bars

BEFORE = 0.03  # share of the bar until the worker begins
WAITING = (stages.Stage.WAIT, stages.Stage.CONNECT)  # stages without a progress of their own


@dataclass
class Activity:
    """A running job and its progress."""

    title: str
    run: client.Job
    stage: str = ""
    fraction: float = 0.0  # of the job, 0 to 1; of the stage in jobs without steps
    seconds_left: float | None = None
    step: int = 0  # from 1
    steps: int = 0  # 0 in jobs without, and until the worker has begun
    waits_for: int = 0  # other jobs
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
            self.stage, self.seconds_left, self.waits_for = stages.Stage.WAIT, None, message.position
        elif isinstance(message, messages.Progress):
            decoded = self.stage == stages.Stage.DECODE != message.stage
            self.has_splats = self.has_splats or decoded or message.stage == stages.Stage.REFINE
            self.stage, self.seconds_left = message.stage, message.seconds_left
            self.step, self.steps = message.step, message.steps
            self.fraction = self._share(message)

    @property
    def text(self) -> str:
        """One line for the status bar."""
        what = f"{self._place}: {self.doing}" if self._place else self.doing
        return f"{what}, {self._left}" if self._left else what

    @property
    def doing(self) -> str:
        """What the job does or waits for."""
        if not self.stage:
            return shown(self.title, context=contexts.operator_default)
        if self.stage == stages.Stage.WAIT and self.waits_for > 1:
            return shown("Waiting for {} other jobs", self.waits_for)
        line = shown_text(outlook_words.phrase(self.stage))
        return line if self.steps or self.stage in WAITING else f"{line} {self.fraction:.0%}"

    @property
    def how_far(self) -> str:
        """In which of its steps the job is, and the time left; what of that is known."""
        return ", ".join(filter(None, (self._place, self._left)))

    @property
    def _place(self) -> str:
        return "" if self.stage in WAITING else shown_text(outlook_words.place(self.step, self.steps))

    @property
    def _left(self) -> str:
        return shown_text(outlook_words.time_left(self.seconds_left))

    def _share(self, message: messages.Progress) -> float:
        """The share of the bar; what comes before the first step has a small one."""
        if message.steps:
            return BEFORE + (1 - BEFORE) * message.done
        before = message.stage in (stages.Stage.CONNECT, stages.Stage.UPLOAD)
        return BEFORE * message.fraction if before else message.fraction

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
