# SPDX-License-Identifier: GPL-3.0-or-later
"""Exposures of photos that were metered one by one: an affine color map per photo, fitted during optimization.

The map that brings a picture nearest to its photo has a closed form, and small pictures suffice for it. In a few rounds all
maps are fitted at once to the same splats. Whatever crude splats lack, such as contrast, biases all maps alike and cancels
out, because each map is taken relative to the mean of all. So the splats keep the mean exposure.
"""

from __future__ import annotations

import torch

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..render.metrics import exposure_map, with_exposure
from ..render.rasterize import rasterize
from .downscale import downscaled, downscaled_size

ROUNDS = (0.04, 0.08, 0.16, 0.32, 0.5, 0.75)  # shares of the budget
SMALL = 96  # pixels along the longest side of the pictures that maps are fitted to
SATURATED = 0.995  # a channel above this was at least as bright as shown, perhaps brighter
TIE = 0.02  # regularization toward the identity, relative to the mean square of colors, for pictures that are still crude


class Exposures:
    """How each of V cameras recorded the scene's colors: color · gain [3, 3] + offset [3]."""

    def __init__(self, photos: PhotoSet, device: torch.device) -> None:
        self.photos, self.size, self.round = photos, downscaled_size(photos, SMALL), 0
        self.maps = torch.eye(4, 3, device=device).repeat(len(photos), 1, 1)  # [V, 4, 3], gain over offset

    def follow(self, splats: Gaussians[torch.Tensor], used: float) -> None:
        """Fit the maps again to splats (tensors) if a round is due at this share of the budget."""
        if self.round < len(ROUNDS) and used >= ROUNDS[self.round]:
            self._hold_round(splats)
            self.round += 1

    def apply(
        self,
        view: int,
        picture: torch.Tensor,  # [1, H, W, 3], of the splats
        photo: torch.Tensor,  # [1, H, W, 3], the photo `view`
    ) -> torch.Tensor:
        """Apply a photo's exposure to its picture, clipped to the photo where that is saturated."""
        metered = with_exposure(picture, self.maps[view])
        return torch.where(photo > SATURATED, metered.minimum(photo), metered)

    @torch.no_grad()
    def _hold_round(self, splats: Gaussians[torch.Tensor]) -> None:
        """Fit the maps of all photos."""
        found = torch.stack([self._found(splats, view) for view in range(len(self.photos))])
        common, shift = found.mean(0).split([3, 1])
        gains = torch.linalg.solve(common, found[:, :3])
        self.maps = torch.cat([gains, found[:, 3:] - shift @ gains], 1)

    def _found(self, splats: Gaussians[torch.Tensor], view: int) -> torch.Tensor:
        """Fit the map [4, 3] from the splats' picture to a photo, both small, without masked and saturated pixels."""
        photo = downscaled(torch.as_tensor(self.photos.images[view]), self.size)
        counted = (photo <= SATURATED).all(-1).to(photo)
        if self.photos.weights is not None:
            counted = counted * downscaled(torch.as_tensor(self.photos.weights[view])[..., None], self.size)[..., 0]
        picture = rasterize(splats, self.photos.cameras[[view]], self.size, self.photos.background).rgb[0]
        return exposure_map(picture, photo.to(picture), counted.to(picture), TIE)
