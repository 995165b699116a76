# SPDX-License-Identifier: GPL-3.0-or-later
"""Gradients of the loss of one photo, with its pose correction and its light."""

from __future__ import annotations

import numpy as np
import torch

from ..photos.light import TOE, Light, even_light
from ..photos.load import PhotoSet
from ..protocol.settings import RefineSettings
from ..render.rasterize import Rendering, rasterize
from .depth_prior import depth_loss
from .downscale import downscaled
from .known_depth import KnownDepth
from .loss import photo_loss
from .parameters import Parameters
from .pose_corrections import PoseCorrections
from .surface_loss import surface_loss

DEGREE_EVERY = 0.2  # share of the budget after which the degree of the spherical harmonics grows by one
COARSE = 0.15  # share of the budget with photos of half the size: such steps take half the time and help as much at first
SATURATED = 0.995  # a channel of a photo above this was at least as bright as shown, perhaps brighter
LEAST_SIDE = 128  # pixels: photos with a shorter side are never halved


class PhotoGradients:
    """Photos that splats learn from, with the pose correction and the light of each."""

    def __init__(
        self,
        parameters: Parameters,
        photos: PhotoSet,
        settings: RefineSettings,
        light: Light | None = None,
        depth: KnownDepth | None = None,
    ) -> None:
        """Learn from all `photos` in their `light`, even by default, and from their `depth` where that is known."""
        self.parameters, self.photos, self.light, self.depth = parameters, photos, light or even_light(len(photos)), depth
        self.surface = settings.surface
        middle = parameters["means"].detach().median(0).values
        self.poses = PoseCorrections(len(photos), middle, parameters.extent) if settings.poses else None

    def backward(self, view: int, used: float, background: np.ndarray, penalty: torch.Tensor | float = 0.0) -> Rendering:
        """Draw one view at a used share of the budget, and compute the gradients of its loss plus the penalty.

        A random background teaches splats to leave no holes.
        """
        photo, weights = self.photo(view, used)
        splats, degree = self.parameters.gaussians(), degree_at(used)
        if self.poses:
            splats = self.poses.moved(view, splats)
        size = (photo.shape[2], photo.shape[1])
        drawn = rasterize(splats, self.photos.cameras[[view]], size, background.tolist(), degree)
        drawn.means2d.retain_grad()
        picture = self._lit(view, drawn.rgb, photo) if self.light.differs else drawn.rgb
        loss = photo_loss(picture, photo, weights) + penalty
        if self.depth:
            loss = loss + depth_loss(self.depth.prior, view, drawn)
        if self.surface:
            maps = self.depth.maps if self.depth else None
            loss = loss + surface_loss(splats, drawn, self.photos.cameras[[view]], maps, view)
        loss.backward()
        return drawn

    def step(self, used: float) -> None:
        """Update pose corrections at a used share of the budget."""
        if self.poses:
            self.poses.step(used)

    def _lit(
        self,
        view: int,
        picture: torch.Tensor,  # [1, h, w, 3], of the splats
        photo: torch.Tensor,  # [1, h, w, 3]
    ) -> torch.Tensor:
        """The picture in the light of its photo, clipped to the photo where that is saturated."""
        factors = self.light.factors(view, self.photos.cameras[[view]], (photo.shape[2], photo.shape[1]))
        rows, columns = (torch.from_numpy(part).to(picture) for part in factors)
        lit = (picture + TOE) * (rows * columns) - TOE
        return torch.where(photo > SATURATED, lit.minimum(photo), lit)

    def size(self, used: float) -> tuple[int, int]:
        """The width and height of photos that are used at a share of the budget."""
        height, width = self.photos.images.shape[1:3]
        coarse = used < COARSE and min(width, height) >= LEAST_SIDE
        return (width // 2, height // 2) if coarse else (width, height)

    def photo(self, view: int, used: float) -> tuple[torch.Tensor, torch.Tensor | None]:
        """A photo [1, h, w, 3] at the size in use, and the weights [1, h, w] of its pixels."""
        images = [self.photos.images[view]]
        if self.photos.weights is not None:
            images.append(self.photos.weights[view][..., None])
        tensors = [torch.as_tensor(image).to(self.parameters.device) for image in images]
        size = self.size(used)
        if tensors[0].shape[1::-1] != size:
            tensors = [downscaled(tensor, size) for tensor in tensors]
        photo, *weights = (tensor[None] for tensor in tensors)
        return photo, weights[0][..., 0] if weights else None


def degree_at(used: float) -> int:
    """The degree of the spherical harmonics at a used share of the budget, where splats have so many."""
    return int(used / DEGREE_EVERY)
