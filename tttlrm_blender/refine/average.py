# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean of the splats over the second half of a run, of which later steps count more (Shamir & Zhang 2013, §5).

Every step pulls the splats toward one photo. Their mean over many steps is closer to what all photos agree on than the last
of them is, and it takes hardly any time. It is good whenever a run ends.
"""

from __future__ import annotations

import numpy as np
import torch

from ..gaussians.gaussians import Gaussians
from .parameters import Parameters

FROM = 0.5  # share of the budget from which on steps count; until then splats are added
DECAY = 4  # the higher, the later the steps that count: their mean age is a sixth of all steps


def share_of(count: int) -> float:
    """The share that the last of so many steps has in their mean."""
    return (DECAY + 1) / (count + DECAY)


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
            self.means[name].lerp_(value, share_of(self.count))

    @torch.no_grad()
    def to_numpy(self) -> Gaussians[np.ndarray]:
        """The mean as splats, which replaces the current splats; these themselves if nothing was counted."""
        if self.first is self.parameters["means"]:
            for name, value in self.means.items():
                self.parameters[name].copy_(value)
        return self.parameters.to_numpy()
