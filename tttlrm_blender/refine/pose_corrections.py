# SPDX-License-Identifier: GPL-3.0-or-later
"""Small corrections of the cameras' poses, learned beside the splats.

Rasterisers need not know about it: instead of a camera all splats are moved, which gives the same picture but for colours
that depend on the direction of view, as these do not turn along. Corrections are so small that this does not show.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ..gaussians.gaussians import Gaussians

RATE = 1e-3  # of Adam, radians and shares of the scene's extent, whenever the photo is drawn
FALL = 10.0  # first rate by the last


class Poses:
    """For each of V cameras a motion of all splats: a turn about the scene's middle, then a shift.

    The mean over all cameras is kept at none, so that the scene stays where it is.
    """

    def __init__(
        self,
        count: int,
        middle: torch.Tensor,  # [3], in world units
        extent: float,
    ) -> None:
        self.middle, self.extent = middle, extent
        self.motions = [torch.zeros(2, 3, device=middle.device, requires_grad=True) for _ in range(count)]
        self.optimizer = torch.optim.Adam(self.motions, lr=RATE)

    def moved(self, view: int, splats: Gaussians[torch.Tensor]) -> Gaussians[torch.Tensor]:
        """Splats of tensors as the corrected camera sees them, for drawing with the uncorrected one."""
        turn, shift = self._motion(view)
        means = _turned(turn, splats.means - self.middle) + self.middle + shift
        return replace(splats, means=means, quats=_multiplied(turn, splats.quats))

    def step(self, used: float) -> None:
        """Follow the gradients of the cameras that were drawn, at a used share of the budget, and forget them."""
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * FALL**-used
        for motion in self.motions:
            if motion.grad is not None:
                motion.grad.nan_to_num_(0, 0, 0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        with torch.no_grad():
            mean = torch.stack(self.motions).mean(0)
            for motion in self.motions:
                motion -= mean

    def _motion(self, view: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The turn [4], a unit quaternion w x y z, and the shift [3] in world units."""
        turn, shift = self.motions[view]
        quat = torch.cat([torch.ones_like(turn[:1]), turn / 2])
        return torch.nn.functional.normalize(quat, dim=0), shift * self.extent


def _turned(quat: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Vectors [N, 3] turned by a unit quaternion [4]."""
    w, axis = quat[0], quat[1:].expand_as(vectors)
    across = 2 * torch.linalg.cross(axis, vectors)
    return vectors + w * across + torch.linalg.cross(axis, across)


def _multiplied(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Rotations [N, 4] followed by the rotation `left` [4]: quaternions w x y z."""
    w, vector = left[0], left[1:]
    others_w, others = right[:, :1], right[:, 1:]
    real = w * others_w - (others @ vector)[:, None]
    return torch.cat([real, w * others + others_w * vector + torch.linalg.cross(vector.expand_as(others), others)], 1)
