# SPDX-License-Identifier: GPL-3.0-or-later
"""Small corrections of the cameras' poses, optimized together with the splats.

The rasterizers need no gradients of cameras: all splats are moved instead. That gives the same picture except for
view-dependent colors, which do not turn along; corrections are so small that this does not show.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ..gaussians.gaussians import Gaussians

RATE = 1e-3  # Adam's, in radians and shares of the scene's extent per drawing of the photo
FALL = 10.0  # ratio of the first rate to the last


class PoseCorrections:
    """A motion of all splats for each of V cameras: a rotation about the scene's middle, then a translation.

    The mean over all cameras is kept at zero, so that the scene stays in place.
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
        """Move splats (tensors) so that the uncorrected camera sees them as the corrected one would."""
        turn, shift = self._motion(view)
        means = _turned(turn, splats.means - self.middle) + self.middle + shift
        return replace(splats, means=means, quats=_multiplied(turn, splats.quats))

    def step(self, used: float) -> None:
        """Make one optimizer step for the cameras that were drawn, at a used share of the budget, and zero the gradients."""
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
        """The rotation [4], a unit quaternion w x y z, and the translation [3] in world units."""
        turn, shift = self.motions[view]
        quat = torch.cat([torch.ones_like(turn[:1]), turn / 2])
        return torch.nn.functional.normalize(quat, dim=0), shift * self.extent


def _turned(quat: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Rotate vectors [N, 3] by a unit quaternion [4]."""
    w, axis = quat[0], quat[1:].expand_as(vectors)
    across = 2 * torch.linalg.cross(axis, vectors)
    return vectors + w * across + torch.linalg.cross(axis, across)


def _multiplied(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Products of the quaternion `left` [4] and quaternions [N, 4], w x y z: rotations followed by `left`."""
    w, vector = left[0], left[1:]
    others_w, others = right[:, :1], right[:, 1:]
    real = w * others_w - (others @ vector)[:, None]
    return torch.cat([real, w * others + others_w * vector + torch.linalg.cross(vector.expand_as(others), others)], 1)
