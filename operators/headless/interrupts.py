# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl+C ends a job early with what it has, so that it can still be written. Pressed again, it ends everything at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..engine import client


@dataclass
class Interrupts:
    """What Ctrl+C is to end."""

    job: client.Job | None = None  # that is running
    asked: bool = False  # whether it was pressed

    def __call__(self, number: int, frame: Any) -> None:
        """The signal handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if self.job:
            self.job.finish()


@contextmanager
def ending_early() -> Iterator[Interrupts]:
    """Within the block, Ctrl+C lets a job finish. Blender's own handler, which Python cannot put back, is replaced for good."""
    interrupts = Interrupts()
    before = signal.signal(signal.SIGINT, interrupts)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
