# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of photos that were metered one by one: an affine map of colours per photo, found while the splats are.

The map that brings a picture nearest to its photo is known in closed form, and small pictures do. So in a few rounds all
maps are found at once, from the same splats: what crude splats lack, such as contrast, then lacks in all maps alike, and
falls out as each map counts relative to the mean of all. The splats so keep the mean exposure.
"""

from __future__ import annotations

import torch

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..render.metrics import exposure_map, with_exposure
from ..render.rasterize import rasterize
from .downscale import small, small_size

ROUNDS = (0.04, 0.08, 0.16, 0.32, 0.5, 0.75)  # shares of the budget
SMALL = 96  # pixels along the longest side of the pictures that maps are found from
SATURATED = 0.995  # of a channel: the photo tells that it was at least so bright
TIE = 0.02  # to the identity, in units of the mean square of colours: keeps maps sensible while pictures are crude


class Exposures:
    """For each of V photos what its camera made of the scene's colours: colour · gain [3, 3] + offset [3]."""

    def __init__(self, photos: PhotoSet, device: torch.device) -> None:
        self.photos, self.size, self.round = photos, small_size(photos, SMALL), 0
        self.maps = torch.eye(4, 3, device=device).repeat(len(photos), 1, 1)  # [V, 4, 3], gain over offset

    def follow(self, splats: Gaussians[torch.Tensor], used: float) -> None:
        """Hold the round that is due at a used share of the budget, with splats of tensors."""
        if self.round < len(ROUNDS) and used >= ROUNDS[self.round]:
            self._hold_round(splats)
            self.round += 1

    def apply(
        self,
        view: int,
        picture: torch.Tensor,  # [1, H, W, 3], of the splats
        photo: torch.Tensor,  # [1, H, W, 3], the photo `view`
    ) -> torch.Tensor:
        """The picture as the camera of its photo metered it, no brighter where the photo is saturated."""
        metered = with_exposure(picture, self.maps[view])
        return torch.where(photo > SATURATED, metered.minimum(photo), metered)

    @torch.no_grad()
    def _hold_round(self, splats: Gaussians[torch.Tensor]) -> None:
        """Find the maps of all photos anew."""
        found = torch.stack([self._found(splats, view) for view in range(len(self.photos))])
        common, shift = found.mean(0).split([3, 1])
        gains = torch.linalg.solve(common, found[:, :3])
        self.maps = torch.cat([gains, found[:, 3:] - shift @ gains], 1)

    def _found(self, splats: Gaussians[torch.Tensor], view: int) -> torch.Tensor:
        """The map [4, 3] from the splats' picture to a photo, both small, but for pixels that do not count or are saturated."""
        photo = small(torch.as_tensor(self.photos.images[view]), self.size)
        counted = (photo <= SATURATED).all(-1).to(photo)
        if self.photos.weights is not None:
            counted = counted * small(torch.as_tensor(self.photos.weights[view])[..., None], self.size)[..., 0]
        picture = rasterize(splats, self.photos.cameras[[view]], self.size, self.photos.background).rgb[0]
        return exposure_map(picture, photo.to(picture), counted.to(picture), TIE)
