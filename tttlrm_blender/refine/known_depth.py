# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense depth of the photos that splats learn from: coarse at first, as the first steps are waited for, and finer later.

Measuring depth takes as long as a hundred steps. A coarse start gets as far in these, and finer depth in time keeps the splats
where they belong all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..progress import Report
from ..stereo.dense import DenseDepth
from .budget import Budget

FINER = 0.25  # share of the budget after which finer depth is measured


class KnownDepth:
    """Depth that becomes finer once, at a fixed share of a budget, so that equal budgets of steps give equal results."""

    def __init__(self, maps: DenseDepth, finer: Callable[[Report], DenseDepth] | None = None) -> None:
        self.maps, self._finer = maps, finer

    def follow(self, budget: Budget, report: Report) -> bool:
        """Measure finer depth if it is time to, which the budget does not count. Returns whether it did."""
        if self._finer is None or budget.used < FINER:
            return False
        finer, self._finer = self._finer, None
        began = time.perf_counter()
        with report.skippable():
            self.maps = finer(report)
        budget.started += time.perf_counter() - began
        return True
