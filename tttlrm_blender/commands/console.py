# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on the console: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from ..errors import Text
from ..progress import Remaining, Report
from ..stages import Stage

LINE_EVERY = 5.0  # seconds between plain lines of one stage


class Console(Report):
    """Prints the progress of a job to standard error."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__()
        self._quiet = quiet
        self._bar: tqdm | None = None
        self._stage: Stage | None = None
        self._said = 0.0
        self._remaining = Remaining(time.monotonic)

    def progress(self, stage: Stage, fraction: float) -> None:
        """Update the bar of the stage, or print a line every few seconds."""
        if self._quiet:
            return
        left = self._remaining.left(stage, fraction)
        if sys.stderr.isatty():
            self._move(stage, fraction)
        elif stage != self._stage or time.monotonic() - self._said > LINE_EVERY:
            self._said = time.monotonic()
            rest = f", {left:.0f} s left" if left is not None and stage == self._stage else ""
            print(f"{stage} {fraction:.0%}{rest}", file=sys.stderr, flush=True)
        self._stage = stage

    def expect(self, seconds: float) -> None:
        """Print how long the stage is going to take."""
        self._remaining.expect(seconds)
        if not self._quiet:
            keeps = "; Ctrl+C keeps the splats so far" if self.keeps else ""
            tqdm.write(f"about {seconds:.0f} s left{keeps}", file=sys.stderr)

    @contextmanager
    def finishing_on_interrupt(self) -> Iterator[None]:
        """Within the block, Ctrl+C makes the job finish if there is a result to keep; the second one interrupts it."""

        def interrupt(number: int, frame: Any) -> None:
            if not self.keeps or self.finishing:
                raise KeyboardInterrupt
            self.finish()

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def note(self, text: Text) -> None:
        """Print a note."""
        if not self._quiet:
            tqdm.write(str(text), file=sys.stderr)

    def close(self) -> None:
        """Finish the last bar."""
        if self._bar:
            self._bar.n = self._bar.total
            self._bar.close()
            self._bar = None

    def _move(self, stage: Stage, fraction: float) -> None:
        if stage != self._stage or self._bar is None:
            self.close()
            layout = "{desc:>8} {percentage:3.0f}% |{bar:40}| {elapsed}<{remaining}"
            self._bar = tqdm(total=1.0, desc=stage, file=sys.stderr, bar_format=layout)
        self._bar.n = fraction
        self._bar.refresh()
