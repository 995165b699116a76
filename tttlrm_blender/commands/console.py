# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on the console: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from ..errors import Text
from ..progress import Report
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

    def progress(self, stage: Stage, fraction: float) -> None:
        """Update the bar of the stage, or print a line every few seconds."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._move(stage, fraction)
        elif stage != self._stage or time.monotonic() - self._said > LINE_EVERY:
            self._said = time.monotonic()
            print(f"{stage} {fraction:.0%}", file=sys.stderr, flush=True)
        self._stage = stage

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
