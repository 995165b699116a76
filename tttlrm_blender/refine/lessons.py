# SPDX-License-Identifier: GPL-3.0-or-later
"""What one photo teaches: the splats drawn as its camera saw and metered them, and the gradients of the difference."""

from __future__ import annotations

import numpy as np
import torch

from ..photos.load import PhotoSet
from ..protocol.settings import RefineSettings
from ..render.rasterize import Rendering, rasterize
from .exposure import Exposures
from .loss import photo_loss
from .parameters import Parameters
from .poses import Poses


class Lessons:
    """Photos that splats learn from, with what is found out about each photo on the way."""

    def __init__(self, parameters: Parameters, photos: PhotoSet, settings: RefineSettings) -> None:
        self.parameters, self.photos = parameters, photos
        self.exposures = Exposures(photos, parameters.device) if settings.exposure else None
        middle = parameters["means"].detach().median(0).values
        self.poses = Poses(len(photos), middle, parameters.extent) if settings.poses else None

    def backward(self, view: int, degree: int, background: np.ndarray, penalty: torch.Tensor | float = 0.0) -> Rendering:
        """Draw one photo, and find the gradients of its loss and the penalty.

        Over a random background, splats learn to leave no holes.
        """
        photo, weights = self._on_device(self.photos.images, view), self._on_device(self.photos.weights, view)
        assert photo is not None
        splats = self.parameters.gaussians()
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

    def _on_device(self, arrays: np.ndarray | None, view: int) -> torch.Tensor | None:
        return None if arrays is None else torch.as_tensor(arrays[view : view + 1]).to(self.parameters.device)
