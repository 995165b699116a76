# SPDX-License-Identifier: GPL-3.0-or-later
"""What one photo teaches: the splats drawn as its camera saw and metered them, and the gradients of the difference."""

from __future__ import annotations

import numpy as np
import torch

from ..photos.load import PhotoSet
from ..protocol.settings import RefineSettings
from ..render.rasterize import Rendering, rasterize
from .downscale import small
from .exposure import Exposures
from .loss import photo_loss
from .parameters import Parameters
from .poses import Poses

DEGREE_EVERY = 0.2  # share of the budget after which the degree of the spherical harmonics grows by one
COARSE = 0.3  # share of the budget with photos of half the size: such steps take half the time and teach as much at first
LEAST_SIDE = 128  # pixels along the shorter side of photos that can be halved


class Lessons:
    """Photos that splats learn from, with what is found out about each photo on the way."""

    def __init__(self, parameters: Parameters, photos: PhotoSet, settings: RefineSettings) -> None:
        self.parameters, self.photos = parameters, photos
        self.exposures = Exposures(photos, parameters.device) if settings.exposure else None
        middle = parameters["means"].detach().median(0).values
        self.poses = Poses(len(photos), middle, parameters.extent) if settings.poses else None

    def backward(self, view: int, used: float, background: np.ndarray, penalty: torch.Tensor | float = 0.0) -> Rendering:
        """Draw one photo at a used share of the budget, and find the gradients of its loss and the penalty.

        Over a random background, splats learn to leave no holes.
        """
        photo, weights = self._photo(view, used)
        splats, degree = self.parameters.gaussians(), int(used / DEGREE_EVERY)
        if self.poses:
            splats = self.poses.moved(view, splats)
        size = (photo.shape[2], photo.shape[1])
        drawn = rasterize(splats, self.photos.cameras[[view]], size, background.tolist(), degree)
        drawn.means2d.retain_grad()
        picture = self.exposures.apply(view, drawn.rgb, photo) if self.exposures else drawn.rgb
        (photo_loss(picture, photo, weights) + penalty).backward()
        return drawn

    def step(self, used: float) -> None:
        """Learn about the photos themselves, at a used share of the budget."""
        if self.exposures:
            self.exposures.follow(self.parameters.gaussians(), used)
        if self.poses:
            self.poses.step(used)

    def _photo(self, view: int, used: float) -> tuple[torch.Tensor, torch.Tensor | None]:
        """A photo [1, h, w, 3] at the size that is learned from, and the weights [1, h, w] of its pixels."""
        height, width = self.photos.images.shape[1:3]
        coarse = used < COARSE and min(width, height) >= LEAST_SIDE
        images = [self.photos.images[view]]
        if self.photos.weights is not None:
            images.append(self.photos.weights[view][..., None])
        tensors = [torch.as_tensor(image).to(self.parameters.device) for image in images]
        if coarse:
            tensors = [small(tensor, (width // 2, height // 2)) for tensor in tensors]
        photo, *weights = (tensor[None] for tensor in tensors)
        return photo, weights[0][..., 0] if weights else None
