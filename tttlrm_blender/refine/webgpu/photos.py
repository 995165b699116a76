# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos on the GPU, with their light and their known depth: each is sent when it is first needed at a size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...render.webgpu import Array, Device
from ..photo_gradients import PhotoGradients

WHOLE = (1 << 16) - 1  # 1 as a number of 16 bits


@dataclass(frozen=True)
class Photo:
    """A photo as the programs read it (picture.wgsl, known.wgsl)."""

    pixels: Array  # [H, W, 2] uint32: red and green, blue and weight, 16 bits each
    light: Array  # [3 H + W] float32, factors of rows and columns
    known: Array  # [h, w, 2] float32, depth and confidence


class Photos:
    """The photos of a refinement at the size in use."""

    def __init__(self, gpu: Device, gradients: PhotoGradients) -> None:
        self.gpu, self.gradients = gpu, gradients
        self._size = (0, 0)
        self._pixels: dict[int, tuple[Array, Array]] = {}
        self._prior: object = None
        self._known: dict[int, Array] = {}
        self._nothing = gpu.empty((1, 1, 2))

    def at(self, view: int, pace: float) -> Photo:
        """A photo at the size that is used at a share of the schedules."""
        size = self.gradients.size(pace)
        if size != self._size:
            self._size, self._pixels = size, {}
        if view not in self._pixels:
            photo, weights = self.gradients.photo(view, pace)
            light = self._light(view) if self.gradients.light.differs else self._nothing
            self._pixels[view] = (self.gpu.array(packed(photo[0], None if weights is None else weights[0])), light)
        return Photo(*self._pixels[view], self._depth(view))

    def _light(self, view: int) -> Array:
        rows, columns = self.gradients.light.factors(view, self.gradients.photos.cameras[[view]], self._size)
        return self.gpu.array(np.concatenate([rows.ravel(), columns.ravel()]))

    def _depth(self, view: int) -> Array:
        if self.gradients.depth is None:
            return self._nothing
        prior = self.gradients.depth.prior
        if prior is not self._prior:  # finer depth was measured
            self._prior, self._known = prior, {}
        if view not in self._known:
            self._known[view] = self.gpu.array(np.stack([prior.depth[view], prior.confidence[view]], -1, dtype=np.float32))
        return self._known[view]


def packed(
    photo: torch.Tensor,  # [H, W, 3], 0 to 1
    weights: torch.Tensor | None,  # [H, W], 0 to 1
) -> np.ndarray:
    """Pixels with their weights in 16 bits each: [H, W, 2] uint32. That is 256 times finer than the colors of photos."""
    last = torch.ones_like(photo[..., :1]) if weights is None else weights[..., None]
    pixels = torch.cat([photo, last], -1).clamp(0, 1) * WHOLE
    return pixels.round().numpy().astype("<u2").view("<u4")
