# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on the console: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from ..errors import Text
from ..outlook.journey import Journey, Whole
from ..outlook.words import progress_line
from ..progress import Report
from ..stages import Stage, Step

LINE_EVERY = 5.0  # seconds between plain lines of one stage


class Console(Report):
    """Prints the progress of a job to standard error."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__()
        self._quiet = quiet
        self._bar: tqdm | None = None
        self._stage: Stage | None = None
        self._said = 0.0
        self.journey = Journey(time.monotonic)

    def progress(self, stage: Stage, fraction: float) -> None:
        """Update the bar, or print a line for every stage and every few seconds."""
        if self._quiet:
            return
        whole = self.journey.at(stage, fraction)
        line = str(progress_line(stage, whole.step, whole.steps, whole.seconds_left))
        if sys.stderr.isatty():
            self._move(line, whole)
        elif stage != self._stage or time.monotonic() - self._said > LINE_EVERY:
            self._said = time.monotonic()
            print(f"{whole.done:4.0%} {line}", file=sys.stderr, flush=True)
        self._stage = stage

    def expect(self, seconds: float) -> None:
        """Print how long the stage is going to take."""
        self.journey.expect(seconds)
        if not self._quiet:
            keeps = "; Ctrl+C keeps the splats so far" if self.keeps else ""
            tqdm.write(f"refining for about {seconds:.0f} s{keeps}", file=sys.stderr)

    def plan(self, seconds: Mapping[Step, float]) -> None:
        """Count these steps."""
        self.journey.plan(seconds)

    def begin(self, step: Step, times: float = 0.0) -> None:
        """Count this step."""
        self.journey.begin(step, times)

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
        """Finish the bar."""
        if self._bar:
            self._bar.n = self._bar.total
            self._bar.close()
            self._bar = None

    def _move(self, line: str, whole: Whole) -> None:
        if self._bar is None:
            self._bar = tqdm(total=1.0, file=sys.stderr, bar_format="{percentage:3.0f}% |{bar:30}| {desc}")
        self._bar.n = whole.done
        self._bar.set_description_str(line)  # and draws
