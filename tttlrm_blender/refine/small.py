# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos at a small size, for what needs no detail."""

from __future__ import annotations

import torch

from ..photos.images import shrunk
from ..photos.load import PhotoSet


def small_size(photos: PhotoSet, side: int) -> tuple[int, int]:
    """Width and height of the photos when their longest side has at most so many pixels."""
    _, height, width, _ = photos.images.shape
    return shrunk(width, height, side)


def small(
    image: torch.Tensor,  # [H, W, C]
    size: tuple[int, int],
) -> torch.Tensor:  # [height, width, C]
    """An image at a small size, width and height, each pixel the mean of those that it covers."""
    planes = image.permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(planes, size[::-1], mode="area")[0].permute(1, 2, 0)
