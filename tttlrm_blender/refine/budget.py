# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the steps or the seconds has been used."""

from __future__ import annotations

import math
import time

from ..protocol.settings import RefineSettings


class Budget:
    """Counts steps and wall-clock seconds; what runs out first ends the work."""

    def __init__(self, settings: RefineSettings, photos: int) -> None:
        limits = [limit for limit in (settings.steps, settings.passes * photos) if limit]
        self.most_steps, self.seconds = min(limits, default=0), settings.seconds
        self.photos, self.started, self.steps = photos, time.perf_counter(), 0

    @property
    def passes(self) -> float:
        """Over the photos, at most: infinite where only time ends the work."""
        return self.most_steps / self.photos if self.most_steps else math.inf

    @property
    def used(self) -> float:
        """The share that is used, 0 to 1. Schedules follow it, so that they fit any budget."""
        shares = []
        if self.most_steps:
            shares.append(self.steps / self.most_steps)
        if self.seconds:
            shares.append((time.perf_counter() - self.started) / self.seconds)
        return min(max(shares, default=1.0), 1.0)

    @property
    def expected(self) -> float:
        """How many steps all of the budget allows for, at the speed so far."""
        return max(self.steps, 1) / max(self.used, 1e-9)
