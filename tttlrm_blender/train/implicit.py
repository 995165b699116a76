# SPDX-License-Identifier: GPL-3.0-or-later
"""Implicit shapes without a closed form for ray hits: tori and bumpy surfaces, intersected by sampling and bisection.

The inside of a shape is where its level function is below 1. A convex shape around it bounds the search.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .shapes import Interval, box_level, length, meet, slabs, sphere, sphere_level

STEPS = 20  # samples of a ray within the bounding shape; thinner parts than a step can be missed
BISECTIONS = 14  # shrink a step of at most 0.17 to 1e-5
SHALLOW, DEEP = 0.1, 0.3  # depth of bumps, in half sizes of the shape
THIN, THICK = 0.15, 0.4  # radius of the tubes of tori, whose outer radius is 1
DIFFERENCE = 1e-3  # finite difference for gradients

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
    """Add dents to a `level`; their depth is a height field of `waves` [3, 3], in phases per unit."""
    height = torch.sin(waves @ p).mean(-2)
    return level(p) + (SHALLOW + (DEEP - SHALLOW) * detail) * (0.5 + 0.5 * height)


def bumpy_ball_level(p: Tensor, detail: Tensor, waves: Tensor) -> Tensor:
    """Below 1 inside a ball with dents."""
    return bumpy_level(sphere_level, p, detail, waves)


def bumpy_box_level(p: Tensor, detail: Tensor, waves: Tensor) -> Tensor:
    """Below 1 inside a cube with dents."""
    return bumpy_level(box_level, p, detail, waves)


def around_torus(origin: Tensor, direction: Tensor, detail: Tensor) -> Interval:
    """Interval in which rays cross a lens that contains the torus."""
    low, high = slabs(origin[..., 2, :], direction[..., 2, :], tube(detail))
    return meet(sphere(origin, direction), (low, high))


def first_root(level: Level, origin: Tensor, direction: Tensor, between: Interval) -> Tensor:
    """The first times [N] at which the level along rays [3, N] falls below 1, infinite if it never does.

    Only times in the intervals `between` are searched; rays with an empty interval cost little.
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
    """Start [N] and length of the first step that ends inside, and the rays [K] that have one; all rays make as many steps."""
    before = torch.full_like(low, torch.inf)
    for k in range(1, STEPS):
        inside = level(start + (low + k * step) * way) < 1
        before = torch.where(inside, before.minimum(low + (k - 1) * step), before)
    return before, step, before.isfinite().nonzero()[:, 0]


def slope(level: Level, p: Tensor) -> Tensor:
    """The gradient direction [3, N] of `level` at points [3, N], by finite differences."""
    offsets = DIFFERENCE * torch.eye(3, dtype=p.dtype, device=p.device)[..., None]
    return torch.stack([level(p + offset) - level(p - offset) for offset in offsets])
