# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a refinement, and the size at which it uses photos."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..protocol.settings import RefineSettings

MOST_SIDE = {"cpu": 960, "cuda": 1600}  # pixels of the longest side by default, by the device that draws and refines


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
