# SPDX-License-Identifier: GPL-3.0-or-later
"""The gradient of the loss of a picture on the GPU: `photo_loss` and `depth_loss` without their values, which nobody asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...photos.light import TOE
from ...render.metrics import SSIM_C1, SSIM_C2, ssim_window
from ...render.webgpu import Array, Device, Passes
from ..depth_prior import LEAST_ALPHA, LEAST_DEPTH, WEIGHT
from ..loss import REACH, SSIM_SHARE
from ..photo_gradients import SATURATED
from .photos import Photo
from .programs import program

TILE = 16  # pixels of a tile's side, as in window.wgsl
TAPS = {f"TAP{away}": float(weight) for away, weight in enumerate(ssim_window()[REACH:])}


class PhotoLoss:
    """Fills `g_images` [5, H, W] with the gradients of pictures of one size (width, height)."""

    def __init__(self, gpu: Device, size: tuple[int, int], lit: bool, deep: bool) -> None:
        """Photos may have a light to correct (`lit`) and known depth (`deep`)."""
        (width, height), self.gpu, self.deep = size, gpu, deep
        self.tiles = -(-width // TILE) * -(-height // TILE)
        self.slopes, self.totals = gpu.empty((9, height, width)), gpu.empty((1 + self.tiles,))
        self.g_images = gpu.empty((5, height, width))
        self._picture: dict[str, Any] = {"LIT": lit, "TOE": TOE, "SATURATED": SATURATED} | TAPS
        self._known: dict[str, Any] = {"LEAST_ALPHA": LEAST_ALPHA}

    def backward(self, passes: Passes, now: Array, images: Array, photo: Photo) -> None:
        """From pictures [5, H, W] of splats, by what `now` tells of the step."""
        compared = [now, images, photo.pixels, photo.light]
        if self.deep:
            self._weigh(passes, [*compared, photo.known, self.totals])
        similarity = program(self.gpu, *_files("similarity.wgsl"), **self._picture, SSIM_C1=SSIM_C1, SSIM_C2=SSIM_C2)
        passes.run(similarity, [*compared, self.slopes], self.gpu.groups(self.tiles, 1))
        constants: dict[str, Any] = {
            "DEEP": self.deep,
            "SSIM_SHARE": SSIM_SHARE,
            "DEPTH_WEIGHT": WEIGHT,
            "LEAST_DEPTH": LEAST_DEPTH,
        }
        loss = program(self.gpu, *_files("known.wgsl", "loss.wgsl"), **self._picture, **self._known, **constants)
        arguments = [*compared, self.slopes, photo.known, self.totals, self.g_images]
        passes.run(loss, arguments, self.gpu.groups(self.tiles, 1))

    def _weigh(self, passes: Passes, arguments: list[Array]) -> None:
        """Find the sum of the weights of all pixels with known depth."""
        files, constants = _files("known.wgsl", "depth_weights.wgsl"), self._picture | self._known
        weigh, add_up = (program(self.gpu, *files, entry=entry, **constants) for entry in ("weigh", "add_up"))
        passes.run(weigh, arguments, self.gpu.groups(self.tiles, 1))
        passes.run(add_up, arguments, (1, 1))


def largest_picture(gpu: Device) -> int:
    """Pixels of the largest picture that the GPU can compare with its photo."""
    return gpu.largest_binding // (9 * np.dtype(np.float32).itemsize)


def _files(*last: str) -> tuple[str, ...]:
    return ("step.wgsl", "picture.wgsl", "window.wgsl", *last)
