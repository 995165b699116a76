# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of a refinement, in steps or seconds, and how much of it is used."""

from __future__ import annotations

import math
import time

from ..protocol.settings import RefineSettings


class Budget:
    """Counter of steps and wall-clock seconds; whichever runs out first ends the work."""

    def __init__(self, settings: RefineSettings, photos: int) -> None:
        limits = [limit for limit in (settings.steps, settings.passes * photos) if limit]
        self.most_steps, self.seconds = min(limits, default=0), settings.seconds
        self.photos, self.started, self.steps = photos, time.perf_counter(), 0

    @property
    def passes(self) -> float:
        """Most passes over the photos, infinite if only time is limited."""
        return self.most_steps / self.photos if self.most_steps else math.inf

    @property
    def used(self) -> float:
        """The share used so far, 0 to 1. Schedules follow it, so that they fit any budget."""
        shares = []
        if self.most_steps:
            shares.append(self.steps / self.most_steps)
        if self.seconds:
            shares.append((time.perf_counter() - self.started) / self.seconds)
        return min(max(shares, default=1.0), 1.0)

    @property
    def expected(self) -> float:
        """Number of steps that the whole budget allows at the speed so far."""
        return max(self.steps, 1) / max(self.used, 1e-9)
