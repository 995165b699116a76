# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet of the procedural scenes used in training."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ..atomic_files import replacing
from .sampling import generator_for
from .scenes import make_scenes

DEPTHS = 2  # views of each scene that are also shown as depth
RAMP = ((0.99, 0.91, 0.15), (0.21, 0.72, 0.47), (0.13, 0.57, 0.55), (0.19, 0.41, 0.56), (0.27, 0.0, 0.33))  # near to far


def write_preview(path: str | Path, seed: int, scenes: int = 8, views: int = 8, size: tuple[int, int] = (128, 128)) -> None:
    """Write a PNG with a row for each of the first scenes of `seed`: pictures of `size` (width, height), then depth maps.

    Near is yellow, far is violet, the background is white. Raises `TttlrmError` if the file cannot be written.
    """
    rows = [_row(seed, step, views, size) for step in range(scenes)]
    sheet = (torch.cat(rows).clamp(0, 1) * 255).round().byte().cpu().numpy()
    with replacing(path) as part:
        Image.fromarray(sheet).save(part, "PNG")


def _row(seed: int, step: int, views: int, size: tuple[int, int]) -> Tensor:
    """One scene side by side [H, (V + DEPTHS)·W, 3]."""
    made = make_scenes(generator_for(seed, step), 1, views, size)
    tiles = torch.cat([made.images[0], depth_colors(made.depth[0, :DEPTHS])])
    return torch.cat(list(tiles), 1)


def depth_colors(depth: Tensor) -> Tensor:
    """Colors [..., 3] for depth [...] in world units, on a logarithmic scale from the smallest to the largest."""
    there = depth > 0
    if not there.any():
        return torch.ones(*depth.shape, 3)
    scale = depth.clamp(min=1e-6).log()
    low, high = scale[there].min(), scale[there].max()
    place = ((scale - low) / (high - low).clamp(min=1e-6)).clamp(0, 1) * (len(RAMP) - 1)
    ramp, before = depth.new_tensor(RAMP), place.floor().long().clamp(max=len(RAMP) - 2)
    color = torch.lerp(ramp[before], ramp[before + 1], (place - before)[..., None])
    return torch.where(there[..., None], color, 1.0)
