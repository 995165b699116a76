# SPDX-License-Identifier: GPL-3.0-or-later
"""Downscaled photos and pictures, for work that needs no detail."""

from __future__ import annotations

import torch

from ..photos.images import shrunk
from ..photos.load import PhotoSet
from ..render.rasterize import Rendering


def downscaled_size(photos: PhotoSet, side: int) -> tuple[int, int]:
    """Width and height of the photos with a longest side of at most `side` pixels."""
    _, height, width, _ = photos.images.shape
    return shrunk(width, height, side)


def downscaled(
    image: torch.Tensor,  # [H, W, C]
    size: tuple[int, int],
) -> torch.Tensor:  # [height, width, C]
    """Downscale an image to a width and height; each pixel is the mean of those that it covers."""
    planes = image.permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(planes, size[::-1], mode="area")[0].permute(1, 2, 0)


def centers_inside(drawn: Rendering, shape: torch.Size) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find the N splats with centers inside a picture [h, w]: mask [N] bool, and their rows and columns, all on the CPU."""
    columns, rows = drawn.means2d[0].floor().long().cpu().unbind(-1)
    inside = (drawn.radii[0].cpu() > 0) & (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    return inside, rows[inside], columns[inside]
