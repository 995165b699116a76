# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job has come, in a line of words: the same in the panel, the status bar and the command line."""

from __future__ import annotations

from ..errors import Text, listed, text
from ..stages import PHRASES, Stage

EXACT, MINUTES = 15, 90  # seconds from which a time is told in steps of five, and in minutes


def progress_line(stage: str, step: int = 0, steps: int = 0, seconds_left: float | None = None) -> Text:
    """What a job is at, and the time left, if known."""
    left, line = time_left(seconds_left), step_line(stage, step, steps)
    return listed([line, left]) if left else line


def step_line(stage: str, step: int, steps: int) -> Text:
    """What a job is at, in which of how many steps."""
    return text("Step {} of {}: {}", step, steps, phrase(stage)) if steps > 1 else phrase(stage)


def place(step: int, steps: int) -> Text:
    """In which of how many steps a job is; empty in jobs without."""
    return text("Step {} of {}", step, steps) if steps > 1 else Text()


def time_left(seconds: float | None) -> Text:
    """The time left; empty where it is not known."""
    return Text() if seconds is None else text("about {} left", duration(seconds))


def phrase(stage: str) -> Text:
    """What a stage is called; the stage itself if a newer worker has unknown ones."""
    return PHRASES[Stage(stage)] if stage in set(Stage) else text("{}", stage)


def duration(seconds: float) -> Text:
    """A time in round numbers."""
    if seconds >= MINUTES:
        return text("{:.0f} min", seconds / 60)
    return text("{:.0f} s", seconds if seconds < EXACT else 5 * round(seconds / 5))
