# SPDX-License-Identifier: GPL-3.0-or-later
"""The best of the states that splats go through, judged by photos that they do not learn from.

A few photos are set aside, and the splats are judged by them now and then. Once a quarter of the budget is used and the splats
are better than ever, the judges are learned from too: optimisation has proved that it helps with photos it does not know,
and every photo counts. Otherwise the photos are being learned by heart: the judges stay aside, and the best splats come back.
"""

from __future__ import annotations

import math

import numpy as np

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..progress import Listen, unheard
from ..render.metrics import evaluate_psnr
from .budget import Budget
from .parameters import Parameters

ENOUGH, SPARED = 8, 10  # photos of which one can be spared; one of so many is
MOST_JUDGES = 8
JOIN = 0.25  # share of the budget from which the judges may be learned from: later costs quality
APART = 0.1  # share of the budget from one judgement to the next, or more where they would take too long:
COST, DRAWING = 0.03, 0.3  # share of all time that they may take, and of a step's time that drawing one photo takes


class Best:
    """Keeps the splats (numpy) whose pictures are nearest to some photos."""

    def __init__(
        self, splats: Gaussians[np.ndarray], photos: PhotoSet, exposure: bool, refined: bool = False, listen: Listen = unheard
    ) -> None:
        """Begins with some splats. Sets some photos aside; of few none, and all judge. `exposure` is that of `evaluate_psnr`.

        Splats `refined` before know the judges already, and would win against all that do not: then none are set aside.
        """
        judging = judging_views(len(photos))
        self.apart = judging[:0] if refined else judging
        self.judges = photos[judging] if len(judging) else photos
        self.exposure, self.listen, self.judged = exposure, listen, 0.0  # share of the budget at the last judgement
        self.splats, self.psnr = splats, self._judge(splats)

    def offer(self, splats: Gaussians[np.ndarray]) -> bool:
        """Keep the splats if they are better than those kept; whether they are."""
        psnr = self._judge(splats)
        better = psnr > self.psnr
        if better:
            self.splats, self.psnr = splats, psnr
        return better

    def follow(self, parameters: Parameters, budget: Budget) -> bool:
        """Judge the splats where that is due; whether the photos set aside are learned from, from now on."""
        if not self._is_due(budget):
            return False
        self.judged = budget.used
        join = self.offer(parameters.to_numpy()) and self.judged >= JOIN and len(self.apart) > 0
        if join:
            self.judged = math.inf
        return join

    def _judge(self, splats: Gaussians[np.ndarray]) -> float:
        """PSNR in dB; none at all without splats."""
        return evaluate_psnr(splats, self.judges, self.exposure, self.listen) if len(splats) else -math.inf

    def _is_due(self, budget: Budget) -> bool:
        """Whether the last judgement is long enough ago, or it is time to let the judges join."""
        cost = len(self.judges) * DRAWING / budget.expected
        return budget.used >= self.judged + max(APART, cost / COST) or self.judged < JOIN <= budget.used


def judging_views(count: int) -> np.ndarray:
    """Which of so many photos are set aside, spread over the set: [K] int64, none where none can be spared."""
    if count < ENOUGH:
        return np.zeros(0, np.int64)
    apart = min(max(1, count // SPARED), MOST_JUDGES)
    return ((np.arange(apart) + 0.5) * count / apart).astype(np.int64)
