# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural scenes with exact depth: isolated objects, outdoor scenes and rooms, ray cast in torch on any device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .casting import draw
from .layouts import sample_views
from .worlds import sample_world


@dataclass(frozen=True)
class SceneBatch:
    """V pictures of each of S scenes, with depth and cameras."""

    images: Tensor  # [S, V, H, W, 3] float32, sRGB 0 to 1
    depth: Tensor  # [S, V, H, W], z depth at the pixel's center in world units; 0 for the background
    c2w: Tensor  # [S, V, 4, 4], OpenCV
    intrinsics: Tensor  # [S, V, 4], fx fy cx cy in pixels

    def to(self, device: str | torch.device) -> SceneBatch:
        """The same pictures on another device."""
        return SceneBatch(*(part.to(device) for part in vars(self).values()))


def make_scenes(
    generator: torch.Generator,
    scenes: int,
    views: int,
    size: tuple[int, int],  # width and height in pixels
    device: str | torch.device = "cpu",
    samples: int = 2,  # along each side of a pixel, averaged
    inputs: int = 0,  # number of input views, the first ones, which cover what the others see; 0 for all
    ordered: bool = False,  # along the path of the camera, rather than in random order
) -> SceneBatch:
    """Make `views` pictures of each of `scenes` random scenes, the same on every device for the same state of the generator."""
    cameras = sample_views(generator, scenes, views, size, inputs, ordered)
    world = sample_world(generator, cameras)
    drawn = (draw(world.at(s).to(device), cameras.at(s).to(device), size, samples) for s in range(scenes))
    images, depth = zip(*drawn, strict=True)
    return SceneBatch(torch.stack(images), torch.stack(depth), cameras.c2w.to(device), cameras.intrinsics.to(device))
