# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes without a formula for where rays meet them: tori and bumpy surfaces, found by sampling and bisection.

Each is where a level function of the point is below 1, and lies within a convex shape that bounds the search.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .shapes import Interval, box_level, length, meet, slabs, sphere, sphere_level

STEPS = 20  # samples of a ray's way through the bounding shape; what is thinner than a step can be missed
BISECTIONS = 14  # a step of at most 0.17 then shrinks to 1e-5
SHALLOW, DEEP = 0.1, 0.3  # bumps, in half sizes of the shape
THIN, THICK = 0.15, 0.4  # tubes of tori, whose outer radius is 1
DIFFERENCE = 1e-3  # for slopes

Level = Callable[[Tensor], Tensor]  # points [3, N] to values [N]


def tube(detail: Tensor) -> Tensor:
    """The radius of a torus' tube for a detail of 0 to 1."""
    return THIN + (THICK - THIN) * detail


def torus_level(p: Tensor, detail: Tensor) -> Tensor:
    """Below 1 inside the torus around z, for points [..., 3, N]."""
    small = tube(detail)
    around = length(p[..., :2, :]) - (1 - small)
    return (around**2 + p[..., 2, :] ** 2).sqrt() / small


def bumpy_level(level: Level, p: Tensor, detail: Tensor, waves: Tensor) -> Tensor:
    """`level` with dents whose depth is a height field of `waves` [3, 3], phases per unit; never outside the smooth shape."""
    height = torch.sin(waves @ p).mean(-2)
    return level(p) + (SHALLOW + (DEEP - SHALLOW) * detail) * (0.5 + 0.5 * height)


def bumpy_ball_level(p: Tensor, detail: Tensor, waves: Tensor) -> Tensor:
    """Below 1 inside a ball with dents."""
    return bumpy_level(sphere_level, p, detail, waves)


def bumpy_box_level(p: Tensor, detail: Tensor, waves: Tensor) -> Tensor:
    """Below 1 inside a cube with dents."""
    return bumpy_level(box_level, p, detail, waves)


def around_torus(origin: Tensor, direction: Tensor, detail: Tensor) -> Interval:
    """Where rays cross a lens that holds the torus."""
    low, high = slabs(origin[..., 2, :], direction[..., 2, :], tube(detail))
    return meet(sphere(origin, direction), (low, high))


def first_root(level: Level, origin: Tensor, direction: Tensor, between: Interval) -> Tensor:
    """The first times [N] at which rays [3, N] get from level 1 or more to less, infinite where they never do.

    Only times in the intervals `between` are looked at; rays with none cost little.
    """
    rays = (between[0] < between[1]).nonzero()[:, 0]
    low, high = (edge[rays] for edge in between)
    start, way = origin[:, rays], direction[:, rays]
    low, step, found = _bracket(level, start, way, low, (high - low) / STEPS)
    start, way, low, step = start[:, found], way[:, found], low[found], step[found]
    for _ in range(BISECTIONS):
        step = step / 2
        low = torch.where(level(start + (low + step) * way) < 1, low, low + step)
    time = torch.full_like(between[0], torch.inf)
    time[rays[found]] = low + step
    return time


def _bracket(level: Level, start: Tensor, way: Tensor, low: Tensor, step: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where the first step [N] that ends inside begins, its length, and the rays [K] that have one; all take equally many."""
    before = torch.full_like(low, torch.inf)
    for k in range(1, STEPS):
        inside = level(start + (low + k * step) * way) < 1
        before = torch.where(inside, before.minimum(low + (k - 1) * step), before)
    return before, step, before.isfinite().nonzero()[:, 0]


def slope(level: Level, p: Tensor) -> Tensor:
    """The direction [3, N] in which `level` grows at points [3, N], by differences."""
    offsets = DIFFERENCE * torch.eye(3, dtype=p.dtype, device=p.device)[..., None]
    return torch.stack([level(p + offset) - level(p - offset) for offset in offsets])
