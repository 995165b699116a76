# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean of the splats over the last steps of a run (Polyak & Juditsky 1992).

Every step pulls the splats toward one photo. Their mean over many steps is closer to what all photos agree on than the last
of them is, and it takes hardly any time.
"""

from __future__ import annotations

import numpy as np
import torch

from ..gaussians.gaussians import Gaussians
from .parameters import Parameters

FROM = 0.8  # share of the budget from which on steps count


class Average:
    """The mean of raw parameters, in which quaternions of one splat hardly differ and sizes and opacities have no bounds."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters, self.count = parameters, 0
        self.first: torch.Tensor | None = None  # a leaf of the splats that are averaged
        self.means: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def follow(self, used: float) -> None:
        """Count the current splats if it is late enough. Starts again where splats were added or removed."""
        if used < FROM:
            return
        current = {name: self.parameters[name].detach() for name in self.parameters.leaves}
        if self.first is not self.parameters["means"]:
            self.first, self.count = self.parameters["means"], 0
            self.means = {name: value.clone() for name, value in current.items()}
        self.count += 1
        for name, value in current.items():
            self.means[name].lerp_(value, 1 / self.count)

    @torch.no_grad()
    def to_numpy(self) -> Gaussians[np.ndarray]:
        """The mean as splats, which replaces the current splats; these themselves if nothing was counted."""
        if self.first is self.parameters["means"]:
            for name, value in self.means.items():
                self.parameters[name].copy_(value)
        return self.parameters.to_numpy()
