# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job has come, in a line of words: the same in the panel, the status bar and the command line."""

from __future__ import annotations

from ..errors import Text, text
from ..stages import PHRASES, Stage

EXACT, MINUTES = 15, 90  # seconds from which a time is told in steps of five, and in minutes


def progress_line(stage: str, step: int = 0, steps: int = 0, seconds_left: float | None = None) -> Text:
    """What a job is at, in which of how many steps, and the seconds that it still takes, if known."""
    doing = phrase(stage)
    counted = text("Step {} of {}: {}", step, steps, doing) if steps > 1 else doing
    return counted if seconds_left is None else text("{}, about {} left", counted, duration(seconds_left))


def phrase(stage: str) -> Text:
    """What a stage is called; the stage itself if a newer worker has unknown ones."""
    return PHRASES[Stage(stage)] if stage in set(Stage) else text("{}", stage)


def duration(seconds: float) -> Text:
    """A time in round numbers."""
    if seconds >= MINUTES:
        return text("{:.0f} min", seconds / 60)
    return text("{:.0f} s", seconds if seconds < EXACT else 5 * round(seconds / 5))
