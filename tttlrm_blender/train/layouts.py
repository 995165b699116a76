# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cameras of procedural scenes stand. World: z up, things of interest within a unit ball about the origin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .chance import uniform

ORBITS = 0.7  # share of scenes seen from around; the others are swept from in front


@dataclass(frozen=True)
class Views:
    """V cameras for each of S scenes, OpenCV axes."""

    c2w: Tensor  # [S, V, 4, 4] float32
    intrinsics: Tensor  # [S, V, 4], fx fy cx cy in pixels


def sample_views(generator: torch.Generator, scenes: int, views: int, size: tuple[int, int]) -> Views:
    """Cameras on inward orbits or forward-facing sweeps, in random order, for images of `size` (width, height)."""
    on_orbit = torch.rand(scenes, 1, 1, generator=generator) < ORBITS
    orbit, sweep = _orbit(generator, scenes, views), _sweep(generator, scenes, views)
    position, target = (torch.where(on_orbit, a, b) for a, b in zip(orbit, sweep, strict=True))
    extent = uniform(generator, 0.7, 1.4, scenes, 1)
    distance = (target - position).norm(dim=-1).mean(-1, keepdim=True)
    focal = (max(size) / 2 * distance / extent).expand(scenes, views)
    center = torch.tensor([size[0] / 2, size[1] / 2]).expand(scenes, views, 2)
    intrinsics = torch.cat([focal[..., None].expand(-1, -1, 2), center], -1)
    return Views(look_at(position, target, _ups(generator, scenes, views)), intrinsics)


def look_at(position: Tensor, target: Tensor, up: Tensor) -> Tensor:
    """Camera-to-world matrices [..., 4, 4] of cameras at `position` that look at `target`, all [..., 3]."""
    forward = torch.nn.functional.normalize(target - position, dim=-1)
    right = torch.nn.functional.normalize(torch.linalg.cross(forward, up), dim=-1)
    top = torch.stack([right, torch.linalg.cross(forward, right), forward, position], -1)
    bottom = top.new_tensor([0, 0, 0, 1]).expand(*top.shape[:-2], 1, 4)
    return torch.cat([top, bottom], -2)


def _ups(generator: torch.Generator, scenes: int, views: int) -> Tensor:
    """Up directions [S, V, 3]: z, with the small tilts of a hand-held camera."""
    return 0.06 * torch.randn(scenes, views, 3, generator=generator) + torch.tensor([0.0, 0.0, 1.0])


def _spread(generator: torch.Generator, scenes: int, views: int) -> Tensor:
    """Numbers [S, V] in 0 to 1, one in each V-th part, in random order."""
    order = torch.rand(scenes, views, generator=generator).argsort(-1)
    return (order + torch.rand(scenes, views, generator=generator)) / views


def _orbit(generator: torch.Generator, scenes: int, views: int) -> tuple[Tensor, Tensor]:
    """Positions and targets [S, V, 3] on an arc, or the whole circle, around the origin."""
    arc = torch.where(torch.rand(scenes, 1, generator=generator) < 0.5, 2 * math.pi, uniform(generator, 1.5, 4.0, scenes, 1))
    azimuth = uniform(generator, 0, 2 * math.pi, scenes, 1) + arc * _spread(generator, scenes, views)
    lift = uniform(generator, 0.0, 0.35, scenes, 1) * torch.randn(scenes, views, generator=generator)
    elevation = (uniform(generator, 0.1, 0.8, scenes, 1) + lift).clamp(0.02, 1.3)
    wobble = uniform(generator, 0.0, 0.2, scenes, 1) * uniform(generator, -1, 1, scenes, views)
    radius = uniform(generator, 1.2, 1.8, scenes, 1) * (1 + wobble)
    flat = radius * elevation.cos()
    position = torch.stack([flat * azimuth.cos(), flat * azimuth.sin(), radius * elevation.sin()], -1)
    return position, 0.12 * torch.randn(scenes, views, 3, generator=generator)


def _sweep(generator: torch.Generator, scenes: int, views: int) -> tuple[Tensor, Tensor]:
    """Positions and targets [S, V, 3] side by side before the scene, looking between in parallel and at one point."""
    width = uniform(generator, 0.5, 1.3, scenes, 1)
    across = width * (2 * _spread(generator, scenes, views) - 1)
    along = -uniform(generator, 1.3, 2.2, scenes, 1) + 0.3 * width * uniform(generator, -1, 1, scenes, views)
    height = uniform(generator, 0.15, 0.7, scenes, 1) + 0.4 * width * uniform(generator, -1, 1, scenes, views)
    position = torch.stack([across, along, height.clamp(min=0.02)], -1)
    shift = position * torch.tensor([1.0, 0.0, 0.3])
    jitter = 0.08 * torch.randn(scenes, views, 3, generator=generator)
    return position, uniform(generator, 0.0, 0.8, scenes, 1, 1) * shift + jitter
