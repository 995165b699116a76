# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a refinement: how long it is going to take, and how it went."""

from __future__ import annotations

import math
import time

from ..progress import Report
from ..protocol.results import Refinement
from ..stages import Stage
from .best import Best
from .budget import Budget

WARM, TIMED = 2, 6  # first steps, which may be slow, and those after them whose time is taken
LATER = 2.5  # time of the average step compared with these: the others draw larger photos, and more splats
REST = 1.2  # the same for the steps after finer depth, compared with those before


class Course:
    """Watches a refinement."""

    def __init__(self, budget: Budget, report: Report) -> None:
        self._budget, self._report = budget, report
        self._began = 0.0
        self._expected: float | None = None  # seconds, of the whole refinement
        report(Stage.REFINE, 0)

    def follow(self) -> None:
        """Called after every step: estimate the time left as soon as the speed is known."""
        if self._budget.steps == WARM:
            self._began = time.perf_counter()
        elif self._budget.steps == WARM + TIMED:
            left = self._left((time.perf_counter() - self._began) / TIMED)
            self._expected = self._budget.spent + left
            self._report.expect(left)

    def resume(self) -> None:
        """Called after other work in between: estimate the time left from the speed so far."""
        self._report(Stage.REFINE, self._budget.used)
        self._report.expect(self._left(self._budget.spent / self._budget.steps, REST))

    def refinement(self, best: Best) -> Refinement:
        """The figures of the refinement that is over."""
        expected = None if self._expected is None else round(self._expected, 1)
        improved, finished = self._budget.steps > 0 and best.psnr > best.first, self._report.finishing
        return Refinement(self._budget.steps, len(best.apart), expected, best.unlearned_psnr, finished, improved)

    def _left(self, seconds: float, slower: float = LATER) -> float:
        """Seconds left if the other steps take so many times the `seconds` of one so far."""
        budget, pace = self._budget, seconds * slower
        by_steps = (budget.most_steps - budget.steps) * pace if budget.most_steps else math.inf
        return max(min(by_steps, budget.left(pace)), 0.0)
