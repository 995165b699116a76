# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of a refinement, in steps or seconds, and how much of it is used."""

from __future__ import annotations

import math
import time

import torch

from ..outlook.limits import PATIENCE, USUAL_PIXELS, limits_of
from ..protocol.settings import RefineSettings

LAST_SHARE = 0.25  # share of a budget for the low rates at its end, which is left after `Budget.wind_up` and `end`
TAIL = 2.0  # seconds, about, that `Budget.end` leaves: somebody waits for them


class Budget:
    """Counter of steps and wall-clock seconds; whichever runs out first ends the work."""

    def __init__(
        self, settings: RefineSettings, photos: int, pixels: int = USUAL_PIXELS, device: torch.device | None = None
    ) -> None:
        limits = limits_of(settings, photos, pixels, device.type if device else "cpu")
        self.most_steps, self.seconds, self.open = limits.steps, limits.seconds, not settings.limited
        self.least_steps = limits.least
        self.passes, self.started, self.steps = limits.passes(photos), time.perf_counter(), 0
        self.ending, self._share_of_step = False, 0.0  # the latter once the budget is `ending`

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.started

    @property
    def used(self) -> float:
        """The share used so far, 0 to 1. Schedules follow it, so that they fit any budget."""
        if self.ending:
            return 1 - (self.most_steps - self.steps) * self._share_of_step
        shares = []
        if self.most_steps:
            shares.append(self.steps / self.most_steps)
        if self.seconds:
            shares.append(self._used_time)
        return min(max(shares, default=1.0), 1.0)

    @property
    def _used_time(self) -> float:
        """The share of the time, which is longer for the least steps if the machine is too slow for them so far."""
        share = self.spent / self.seconds
        return min(share, max(self.steps / self.least_steps, share / PATIENCE)) if self.least_steps else share

    def left(self, pace: float) -> float:
        """Seconds until the time has run out, if a step takes `pace` seconds; infinite without a limit on time."""
        if not self.seconds:
            return math.inf
        rest = self.seconds - self.spent
        slow = min((self.least_steps - self.steps) * pace, PATIENCE * self.seconds - self.spent)
        return max(rest, slow, 0.0)

    @property
    def expected(self) -> float:
        """Number of steps that the whole budget allows at the speed so far."""
        return max(self.steps, 1) / max(self.used, 1e-9)

    def wind_up(self) -> None:
        """Shorten the budget such that only its last share is left: schedules skip to their end instead of breaking off."""
        rest = 1 / (1 - LAST_SHARE)
        self.most_steps = math.ceil(self.steps * rest)
        self.seconds, self.least_steps = self.spent * rest if self.seconds else 0.0, 0

    def end(self) -> None:
        """Leave the last share, but in a few steps: schedules skip to their end at once. Does nothing the second time."""
        if self.ending:
            return
        usual = self.steps * LAST_SHARE / (1 - LAST_SHARE)
        steps = max(math.ceil(min(usual, TAIL * self.steps / self.spent, self.expected - self.steps)), 1)
        self._share_of_step = min(LAST_SHARE, 1 - self.used) / steps
        self.most_steps, self.seconds, self.ending = self.steps + steps, 0.0, True
