# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera layouts of procedural scenes. The world is z-up, with the objects of interest in a unit ball about the origin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .sampling import choose, uniform

ORBITS, SWEEPS, WALKS = 0.5, 0.25, 0.25  # shares of scenes by camera path
SPACING = 0.5  # radians between neighbors on an orbit, at most
ZOOMS = 0.15  # share of scenes whose views differ in focal length


@dataclass(frozen=True)
class Views:
    """V cameras for each of S scenes, OpenCV axes."""

    c2w: Tensor  # [S, V, 4, 4] float32
    intrinsics: Tensor  # [S, V, 4], fx fy cx cy in pixels
    indoors: Tensor  # [S] bool, scenes that need a room

    def at(self, scene: int) -> Views:
        """The cameras of one scene."""
        return Views(self.c2w[scene], self.intrinsics[scene], self.indoors[scene])

    def to(self, device: str | torch.device) -> Views:
        """The same cameras on another device."""
        return Views(*(part.to(device) for part in vars(self).values()))


def sample_views(
    generator: torch.Generator, scenes: int, views: int, size: tuple[int, int], inputs: int = 0, ordered: bool = False
) -> Views:
    """Cameras on inward orbits, forward-facing sweeps or walks, for images of `size` (width, height).

    The first `inputs` of them (0 for all) cover the whole path, in random order or `ordered` along it; the others lie anywhere
    in between, like the held-out photos of a reconstruction.
    """
    along = _spread(generator, scenes, views, inputs or views, ordered)
    layout = choose(generator, (ORBITS, SWEEPS, WALKS), scenes)
    paths = [_orbit(generator, along, SPACING * (inputs or views)), _sweep(generator, along), _walk(generator, along)]
    chosen = (torch.stack(parts)[layout, torch.arange(scenes)] for parts in zip(*paths, strict=True))
    position, target = chosen
    focal = _focal(generator, (target - position).norm(dim=-1), size)
    center = torch.tensor([size[0] / 2, size[1] / 2]).expand(scenes, views, 2)
    intrinsics = torch.cat([focal[..., None].expand(-1, -1, 2), center], -1)
    return Views(look_at(position, target, _ups(generator, scenes, views)), intrinsics, layout == 2)


def _focal(generator: torch.Generator, distance: Tensor, size: tuple[int, int]) -> Tensor:
    """Random focal lengths [S, V] in pixels that show roughly the whole scene at `distance` [S, V]."""
    extent = torch.exp(uniform(generator, math.log(0.65), math.log(1.5), len(distance), 1))
    zooms = torch.rand(len(distance), 1, generator=generator) < ZOOMS
    factor = torch.where(zooms, uniform(generator, 0.8, 1.25, *distance.shape), 1.0)
    return max(size) / 2 * (distance.mean(-1, keepdim=True) / extent).clamp(0.7, 3.0) * factor


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


def _spread(generator: torch.Generator, scenes: int, views: int, inputs: int, ordered: bool) -> Tensor:
    """Positions along the path [S, V], 0 to 1: stratified for the inputs, `ordered` or not, then uniform between the first and
    the last input for the other views."""
    order = torch.rand(scenes, inputs, generator=generator).argsort(-1)
    order = order.sort(-1).values if ordered else order
    covering = (order + uniform(generator, 0.25, 0.75, scenes, inputs)) / inputs
    between = uniform(generator, 0.5 / inputs, 1 - 0.5 / inputs, scenes, views - inputs)
    return torch.cat([covering, between], -1)


def _orbit(generator: torch.Generator, along: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    """Positions and targets [S, V, 3] on an arc, or a whole circle, around the origin.

    `along` [S, V] is the position on the arc, 0 to 1; `longest` is the longest arc in radians.
    """
    scenes, views = along.shape
    arc = torch.where(torch.rand(scenes, 1, generator=generator) < 0.4, 2 * math.pi, uniform(generator, 1.2, 3.5, scenes, 1))
    azimuth = uniform(generator, 0, 2 * math.pi, scenes, 1) + arc.clamp(max=longest) * along
    lift = uniform(generator, 0.0, 0.15, scenes, 1) * torch.randn(scenes, views, generator=generator)
    elevation = (uniform(generator, 0.1, 0.8, scenes, 1) + lift).clamp(0.02, 1.3)
    wobble = uniform(generator, 0.0, 0.1, scenes, 1) * uniform(generator, -1, 1, scenes, views)
    radius = uniform(generator, 1.2, 1.8, scenes, 1) * (1 + wobble)
    flat = radius * elevation.cos()
    position = torch.stack([flat * azimuth.cos(), flat * azimuth.sin(), radius * elevation.sin()], -1)
    return position, 0.04 * torch.randn(scenes, views, 3, generator=generator)


def _sweep(generator: torch.Generator, along: Tensor) -> tuple[Tensor, Tensor]:
    """Positions and targets [S, V, 3] side by side in front of the scene, with views from parallel to converging."""
    scenes, views = along.shape
    width = uniform(generator, 0.5, 1.3, scenes, 1)
    across = width * (2 * along - 1)
    back = -uniform(generator, 1.3, 2.2, scenes, 1) + 0.15 * width * uniform(generator, -1, 1, scenes, views)
    height = uniform(generator, 0.15, 0.7, scenes, 1) + 0.15 * width * uniform(generator, -1, 1, scenes, views)
    position = torch.stack([across, back, height.clamp(min=0.02)], -1)
    shift = position * torch.tensor([1.0, 0.0, 0.3])
    jitter = 0.05 * torch.randn(scenes, views, 3, generator=generator)
    return position, uniform(generator, 0.0, 0.8, scenes, 1, 1) * shift + jitter


def _walk(generator: torch.Generator, along: Tensor) -> tuple[Tensor, Tensor]:
    """Positions and targets [S, V, 3] of a hand-held camera that walks toward or past the objects.

    Cameras are between 0.8 and 2.4 from the z axis, and always look at the objects. Walks are long enough that rooms, in units
    of the walk, stay within the network's range of distances.
    """
    scenes, views = along.shape
    heading = uniform(generator, 0, 2 * math.pi, scenes, 1)
    turn = uniform(generator, 0.7, 1.5, scenes, 1) * torch.where(torch.rand(scenes, 1, generator=generator) < 0.5, -1.0, 1.0)
    angle = heading + turn * along + 0.03 * torch.randn(scenes, views, generator=generator)
    start, nearer = uniform(generator, 1.5, 2.2, scenes, 1), uniform(generator, 0.2, 0.9, scenes, 1)
    away = (start - nearer * along + 0.04 * torch.randn(scenes, views, generator=generator)).clamp(0.8, 2.4)
    height = uniform(generator, 0.15, 0.9, scenes, 1) + 0.05 * torch.randn(scenes, views, generator=generator)
    position = torch.stack([away * angle.cos(), away * angle.sin(), height.clamp(min=0.05)], -1)
    first, last = (torch.tensor([0.2, 0.2, 0.12]) * torch.randn(scenes, 1, 3, generator=generator) for _ in range(2))
    gaze = torch.lerp(first, last, along[..., None]) + 0.04 * torch.randn(scenes, views, 3, generator=generator)
    return position, gaze.clamp(-0.5, 0.5)
