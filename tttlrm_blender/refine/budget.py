# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of a refinement, in steps or seconds, and how much of it is used."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch

from ..protocol.settings import RefineSettings

LAST_SHARE = 0.25  # share of a budget for the low rates at its end, which is left after `Budget.wind_up`


@dataclass(frozen=True)
class Limits:
    """Bounds of a refinement: the first one reached ends it. 0 for none."""

    steps: int
    seconds: float
    pace: float = 10.0  # steps per second, roughly
    least: int = 0  # steps that a machine that is too slow for them makes all the same, within `PATIENCE` times as long

    def passes(self, photos: int) -> float:
        """About how many passes over a number of photos they allow, the same however busy the machine is."""
        steps = [limit for limit in (self.steps, self.seconds * self.pace) if limit]
        return min(steps, default=0) / photos


# Quality Good: passes over the photos, within bounds on steps. A GPU makes more of them, in less time than a CPU.
PASSES, FEWEST_STEPS, MOST_STEPS = {"cpu": 25, "cuda": 75}, {"cpu": 600, "cuda": 1800}, {"cpu": 2000, "cuda": 9000}
# Time for photos of `USUAL_PIXELS`; it grows with the square root of their pixels, within `LONGER`.
SECONDS, USUAL_PIXELS, LONGER = 100.0, 270 * 480, (0.5, 1.8)
PACE = {"cpu": 10.0, "cuda": 50.0}  # steps per second, roughly
BEST = 4  # times the bounds of Good
# A busy machine makes few steps in that time, which may be no better than the draft. It gets more time, until it has made those
# that a quiet CPU makes in a minute.
LEAST_STEPS, PATIENCE = 600, 4.0


def limits_of(settings: RefineSettings, photos: int, pixels: int, device: str = "cpu") -> Limits:
    """The limits of settings for a number of photos with some pixels each: those given, else those of the quality.

    The latter depend on the kind of device, "cpu" or "cuda", and on the clock.
    """
    if settings.limited or not settings.wanted:
        steps = [limit for limit in (settings.steps, settings.passes * photos) if limit]
        return Limits(min(steps, default=0), settings.seconds, PACE[device])
    times = BEST if settings.quality == "best" else 1
    steps_of_good = min(max(PASSES[device] * photos, FEWEST_STEPS[device]), MOST_STEPS[device])
    longer = min(max(math.sqrt(pixels / USUAL_PIXELS), LONGER[0]), LONGER[1])
    return Limits(times * steps_of_good, times * SECONDS * longer, PACE[device], LEAST_STEPS)


class Budget:
    """Counter of steps and wall-clock seconds; whichever runs out first ends the work."""

    def __init__(
        self, settings: RefineSettings, photos: int, pixels: int = USUAL_PIXELS, device: torch.device | None = None
    ) -> None:
        limits = limits_of(settings, photos, pixels, device.type if device else "cpu")
        self.most_steps, self.seconds, self.open = limits.steps, limits.seconds, not settings.limited
        self.least_steps = limits.least
        self.passes, self.started, self.steps = limits.passes(photos), time.perf_counter(), 0

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.started

    @property
    def used(self) -> float:
        """The share used so far, 0 to 1. Schedules follow it, so that they fit any budget."""
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
