# SPDX-License-Identifier: GPL-3.0-or-later
"""Learning from recorded scenes: random stretches of their paths, crops, mirror images and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .recording import read
from .sampling import uniform
from .scenes import SceneBatch

NOISE = 0.015  # standard deviation of the noise of the darkest camera
COARSE = 1.4  # zoom from which pictures are blurred before they are scaled down
LOOSEST = 2.0  # the longest stretch of the path that views are chosen from, relative to their number


def recorded_scenes(
    generator: torch.Generator,
    files: Sequence[Path],
    scenes: int,
    views: int,
    size: tuple[int, int],  # width and height in pixels
    inputs: int,  # number of input views, the first ones, which cover what the others see
    ordered: bool = False,  # inputs along the path of the camera, rather than in random order
) -> SceneBatch:
    """Views of random scenes, as `make_scenes` returns them: random stretches of their paths, crops, mirrored or not, with noise.

    Raises `TttlrmError` if a file is not a recorded scene.
    """
    made = [_views(generator, files, views, size, inputs, ordered) for _ in range(scenes)]
    return SceneBatch(*(torch.stack(part) for part in zip(*made, strict=True)))


def _views(
    generator: torch.Generator, files: Sequence[Path], views: int, size: tuple[int, int], inputs: int, ordered: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images, depth, poses and intrinsics of some views of a random scene."""
    found = read(files[int(torch.randint(len(files), (), generator=generator))])
    chosen = _stretch(generator, len(found.images), views, inputs, ordered)
    images, depth, c2w, intrinsics = (torch.from_numpy(part)[chosen] for part in found)
    images, depth, intrinsics = _cropped(generator, images.float() / 255, depth, intrinsics, size)
    if torch.rand((), generator=generator) < 0.5:
        images, depth, c2w, intrinsics = _mirrored(images, depth, c2w, intrinsics)
    noise = NOISE * float(torch.rand((), generator=generator)) ** 2
    return (images + noise * torch.randn(images.shape, generator=generator)).clamp(0, 1), depth, c2w, intrinsics


def _stretch(generator: torch.Generator, recorded: int, views: int, inputs: int, ordered: bool) -> Tensor:
    """Places [views] along a path: inputs that cover a random stretch of it, then others between them."""
    most = min(recorded, max(views, round(LOOSEST * views)))
    length = int(torch.randint(min(views, recorded), most + 1, (), generator=generator))
    start = int(torch.randint(recorded - length + 1, (), generator=generator))
    covering = torch.linspace(0, length - 1, inputs).round().long()
    between = torch.tensor([place for place in range(length) if place not in covering], dtype=torch.long)
    others = between[torch.randperm(len(between), generator=generator)[: views - inputs]]
    order = torch.arange(inputs) if ordered else torch.randperm(inputs, generator=generator)
    return start + torch.cat([covering[order], others])


def _cropped(
    generator: torch.Generator, images: Tensor, depth: Tensor, intrinsics: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor]:
    """The same random part of all pictures [V, side, side, 3], scaled down to a size; depth is that of the nearest pixel."""
    side, smallest = depth.shape[1], max(size)
    zoom = math.exp(float(uniform(generator, 0, math.log(side / smallest))))  # pixels of a picture per pixel of the result
    width, height = (zoom * length for length in size)
    left, top = (float(uniform(generator, 0, 1)) * (side - length) for length in (width, height))
    x = (torch.arange(size[0]) + 0.5) * zoom + left
    y = (torch.arange(size[1]) + 0.5) * zoom + top
    grid = torch.stack(torch.meshgrid(2 * x / side - 1, 2 * y / side - 1, indexing="xy"), -1).expand(len(images), -1, -1, -1)
    planes = images.movedim(-1, 1)
    if zoom > COARSE:
        planes = F.avg_pool2d(planes, 3, stride=1, padding=1, count_include_pad=False)
    colors = F.grid_sample(planes, grid, padding_mode="border", align_corners=False).movedim(1, -1)
    nearest = F.grid_sample(depth[:, None], grid, mode="nearest", padding_mode="border", align_corners=False)[:, 0]
    return colors, nearest, (intrinsics - intrinsics.new_tensor([0, 0, left, top])) / zoom


def _mirrored(images: Tensor, depth: Tensor, c2w: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The world in a mirror: pictures, and cameras, with left and right exchanged."""
    mirror = torch.diag(c2w.new_tensor([-1.0, 1, 1, 1]))
    fx, fy, cx, cy = intrinsics.unbind(-1)
    turned = torch.stack([fx, fy, depth.shape[2] - cx, cy], -1)
    return images.flip(2), depth.flip(2), mirror @ c2w @ mirror, turned
