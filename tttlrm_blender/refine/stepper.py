# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes the steps of a refinement: the interface, and torch, which can do all that the settings ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..gaussians.gaussians import Gaussians
from ..protocol.settings import RefineSettings
from .average import Average
from .growth import Growth
from .parameters import Parameters
from .photo_gradients import PhotoGradients
from .relocation import Relocation
from .resolution import Resolution

STRATEGIES = {"split": Growth, "mcmc": Relocation}


@dataclass(frozen=True)
class Moment:
    """What a step depends on beside the splats."""

    view: int  # the photo to learn from
    background: np.ndarray  # [3] float64, sRGB
    used: float  # share of the budget, 0 to 1
    pace: float  # share of the schedules, 0 to 1
    expected: float  # steps of the whole budget
    share: float = 1.0  # of the learning rates
    pause: bool = False  # whether the number of splats stays


class Stepper(Protocol):
    """Splats while they are optimized."""

    def step(self, moment: Moment) -> None:
        """Learn from a photo, and let what depends on the splats follow them: their number, least sizes and mean."""

    def to_numpy(self) -> Gaussians[np.ndarray]:
        """A copy of the current splats."""

    def mean(self) -> Gaussians[np.ndarray]:
        """The mean of the splats, after the last step; see `Average`."""


class TorchStepper:
    """Steps by torch; splats are drawn by whatever `rasterize` chooses."""

    def __init__(self, parameters: Parameters, gradients: PhotoGradients, settings: RefineSettings, wanted: int) -> None:
        """Grow to the `wanted` number of splats."""
        self.parameters, self.gradients = parameters, gradients
        self.resolution = Resolution(parameters, gradients.photos) if settings.antialiased else None
        self.growth = STRATEGIES[settings.densify](parameters, wanted)
        self.average = Average(parameters)

    def step(self, moment: Moment) -> None:
        """See `Stepper`."""
        drawn = self.gradients.backward(moment.view, moment.pace, moment.background, self.growth.penalty())
        self.parameters.step(moment.pace, moment.expected, moment.share)
        self.gradients.step(moment.used)
        self.growth.follow(drawn, moment.used, moment.pause)
        if self.resolution:
            self.resolution.follow()
        self.average.follow(moment.used)

    def to_numpy(self) -> Gaussians[np.ndarray]:
        """See `Stepper`."""
        return self.parameters.to_numpy()

    def mean(self) -> Gaussians[np.ndarray]:
        """See `Stepper`."""
        return self.average.to_numpy()
