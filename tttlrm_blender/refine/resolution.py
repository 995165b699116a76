# SPDX-License-Identifier: GPL-3.0-or-later
"""The least size of splats: no photo shows more detail than its pixels (the 3D filter of Mip-Splatting, Yu et al. 2024).

Splats thinner than the pixels of the nearest photo that sees them would look like needles from nearer. So variances of a share of
those pixels are added to their own. Unlike in the paper, opacities are not reduced for that: being optimized, they follow.
"""

from __future__ import annotations

import torch

from ..photos.load import PhotoSet
from ..render.convention import NEAR, Views
from .parameters import Parameters

VARIANCE = 0.2  # px² of the nearest photo, as in the paper
MARGIN = 0.15  # of a photo's size: splats with centers that far outside still count as seen
EVERY = 50  # steps between measurements of the pixels' sizes, as splats move little


class Resolution:
    """Keeps the least sizes of splats in line with their places while they are optimized."""

    def __init__(self, parameters: Parameters, photos: PhotoSet) -> None:
        """The splats keep their sizes unless they are smaller than the least."""
        self.parameters, self.steps, device = parameters, 0, parameters.device
        _, height, width, _ = photos.images.shape
        views = Views.of(photos.cameras.resized(width, height))
        arrays = views.rotations, views.centers, views.intrinsics
        self.rotations, self.centers, self.lenses = (torch.as_tensor(array, device=device) for array in arrays)
        self.size = torch.tensor((width, height), device=device)
        parameters.narrow(self.least(parameters["means"].detach()))

    def follow(self) -> None:
        """Measure again if it is time to: called once for every step."""
        if self.due():
            self.parameters.least = self.least(self.parameters["means"].detach())

    def due(self) -> bool:
        """Count a step, and return whether it is time to measure again after it."""
        self.steps += 1
        return self.steps % EVERY == 0

    def least(
        self,
        means: torch.Tensor,  # [N, 3]
    ) -> torch.Tensor:  # [N]
        """Least standard deviations of splats in world units, 0 for those that no photo sees."""
        finest = torch.full_like(means[:, 0], torch.inf)
        for rotation, center, lens in zip(self.rotations, self.centers, self.lenses, strict=True):
            points = (means - center) @ rotation.T
            depths = points[:, 2].clamp(min=NEAR)
            inside = (points[:, :2] / depths[:, None] * lens[:2] + lens[2:]) / self.size - 0.5
            seen = (points[:, 2] > NEAR) & (inside.abs() < 0.5 + MARGIN).all(1)
            finest = torch.where(seen, torch.minimum(finest, depths / lens[:2].max()), finest)
        return VARIANCE**0.5 * torch.where(finest.isfinite(), finest, 0)
