# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of photos that were metered one by one: an affine map of colours per photo, learned beside the splats."""

from __future__ import annotations

import torch

RATE = 2e-3  # of Adam
FALL = 10.0  # first rate by the last


class Exposure:
    """For each of V photos what its camera made of the scene's colours: colour · gain [3, 3] + offset [3].

    The mean over all photos is kept at the identity, so that the splats have the exposure of the photos on the whole.
    """

    def __init__(self, count: int, device: torch.device) -> None:
        self.maps = torch.zeros(count, 4, 3, device=device, requires_grad=True)  # what is added to the identity
        self.optimizer = torch.optim.Adam([self.maps], lr=RATE)

    def apply(self, view: int, picture: torch.Tensor) -> torch.Tensor:
        """A picture [..., 3] of the splats as the photo `view` would have it."""
        gain, offset = self.maps[view].split([3, 1])
        return picture + picture @ gain + offset[0]

    def step(self, used: float) -> None:
        """Follow the gradients, at a used share of the budget, and forget them."""
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * FALL**-used
        if self.maps.grad is not None:
            self.maps.grad.nan_to_num_(0, 0, 0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        with torch.no_grad():
            self.maps -= self.maps.mean(0)
