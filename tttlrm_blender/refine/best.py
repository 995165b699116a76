# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the best splats of a run, judged by photos that they do not learn from.

A few photos are set aside, and the splats are judged by them now and then. If the splats are about as good as ever when only
the last share of the budget is left, optimization has proved to generalize: the judges join the training photos, as every photo
helps, most of all where there are few. Otherwise the run is overfitting: the judges stay aside, and the best splats so far are
returned. An open budget is wound up early once the splats have stopped getting better.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..progress import Listen, unheard
from ..render.metrics import evaluate_psnr
from .budget import LAST_SHARE, Budget
from .stepper import Stepper

ENOUGH, SPARED = 8, 10  # fewer photos than ENOUGH are all learned from; of more, one in SPARED is set aside
MOST_JUDGES = 8
MOST_LEARNED = 16  # photos that judge splats which have learned from all of them: a few would be followed at the cost of the rest
JOIN = 1 - LAST_SHARE  # share of the budget after which the judges may join
READ = 1.5  # dB by which photos that the network has read flatter its splats, compared with those that it hasn't
SPREAD = 0.5  # dB by which judgments of a few photos rise and fall while splats get better
# Splats have stopped getting better after PATIENCE judgments in a row without a gain in dB; those before a share do not count.
PATIENCE, LEAST_GAIN, COUNTED = 2, 0.1, 0.4
APART = 0.1  # share of the budget between judgments, more where they would take too long:
COST, DRAWING = 0.03, 0.3  # judging may take this share of all time; drawing one photo takes this share of a step's time


class Best:
    """The splats (numpy) so far that match the judging photos best."""

    def __init__(
        self,
        splats: Gaussians[np.ndarray],
        photos: PhotoSet,
        exposure: bool,
        refined: bool = False,
        listen: Listen = unheard,
        allowance: float = 0.0,  # dB by which others may be worse than the first splats
    ) -> None:
        """Start with some splats and set photos aside, or let all photos judge if there are few. `exposure`: see `evaluate_psnr`.

        The network has read the photos set aside, and refined splats have not, so the first splats must be better by `READ`.
        No photos are set aside for splats `refined` before: these have learned from all of them, and more of them judge.
        """
        judging = judging_views(len(photos))
        self.apart = judging[:0] if refined else judging
        self.judges = photos[self.apart if len(self.apart) else _spread(len(photos), MOST_LEARNED)]
        self.exposure, self.listen, self.allowance = exposure, listen, allowance
        self.judged = 0.0  # share of the budget at the last judgment
        self.splats, self._given, self._psnr = splats, splats, -math.inf
        self.joined: float | None = None  # PSNR when the judges joined the training photos
        self.idle = 0  # judgments in a row without a gain

    @cached_property
    def first(self) -> float:
        """PSNR of the splats at the start, less `READ` and the allowance.

        Judged only when it is first compared, as the first steps are waited for.
        """
        return self._judge(self._given) - self.allowance - (READ if len(self.apart) else 0.0)

    @property
    def psnr(self) -> float:
        """PSNR of the best splats."""
        return max(self.first, self._psnr)

    def offer(self, splats: Gaussians[np.ndarray]) -> float:
        """Keep the splats if they are better than those kept, and return by how many dB they are."""
        psnr = self._judge(splats)
        gain = 0.0 if psnr == self.psnr else psnr - self.psnr  # either may be infinite
        if gain > 0:
            self.splats, self._psnr = splats, psnr
        return gain

    @property
    def unlearned_psnr(self) -> float | None:
        """PSNR of the best splats over the photos set aside, before any learned from these; None if there are none."""
        psnr = self.psnr if self.joined is None else self.joined
        return psnr if len(self.apart) and math.isfinite(psnr) else None

    def follow(self, stepper: Stepper, budget: Budget) -> bool:
        """Judge the splats if it is time to, and return whether the judges join the training photos now."""
        if not self._is_due(budget):
            return False
        before, self.judged = self.psnr, budget.used
        gain = self.offer(stepper.to_numpy())
        self.idle = self.idle + 1 if self.psnr < before + LEAST_GAIN and self.judged >= COUNTED else 0
        if self.idle == PATIENCE and budget.open and self.judged < JOIN:
            budget.wind_up()
        join = gain > -SPREAD and self.psnr > self.first and budget.used >= JOIN and len(self.apart) > 0
        if join:
            self.joined, self.judged = self.psnr, math.inf
        return join

    def _judge(self, splats: Gaussians[np.ndarray]) -> float:
        """PSNR in dB, minus infinity without splats."""
        return evaluate_psnr(splats, self.judges, self.exposure, self.listen) if len(splats) else -math.inf

    def _is_due(self, budget: Budget) -> bool:
        """Whether the last judgment is long enough ago, or the judges may join now."""
        cost = len(self.judges) * DRAWING / budget.expected
        return budget.used >= self.judged + max(APART, cost / COST) or self.judged < JOIN <= budget.used


def judging_views(count: int) -> np.ndarray:
    """Indices of the photos to set aside out of `count`, evenly spread: [K] int64, empty if none can be spared."""
    if count < ENOUGH:
        return np.zeros(0, np.int64)
    return _spread(count, min(max(1, count // SPARED), MOST_JUDGES))


def _spread(count: int, most: int) -> np.ndarray:
    """Indices of at most some photos out of `count`, evenly spread: [K] int64."""
    chosen = min(count, most)
    return ((np.arange(chosen) + 0.5) * count / max(chosen, 1)).astype(np.int64)
