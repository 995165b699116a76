# SPDX-License-Identifier: GPL-3.0-or-later
"""Convex unit shapes: ray intersections, normals, and level functions.

A ray crosses a convex shape in one interval of its parameter t: (enter, leave), empty if enter > leave.
Rays are `origin + t · direction` in the shape's own coordinates; x, y, z are on the second to last axis of rays and points.
"""

from __future__ import annotations

import torch
from torch import Tensor

OCTAHEDRON_NORMALS = ((1.0, 1.0, 1.0), (1.0, 1.0, -1.0), (1.0, -1.0, 1.0), (1.0, -1.0, -1.0))
TINY = 1e-9

Interval = tuple[Tensor, Tensor]


def sphere(origin: Tensor, direction: Tensor) -> Interval:
    """The ball |p| ≤ 1. Origins [..., 3, 1 or R] and directions [..., 3, R] give two times [..., R]."""
    return roots((direction**2).sum(-2), (origin * direction).sum(-2), (origin**2).sum(-2) - 1)


def box(origin: Tensor, direction: Tensor) -> Interval:
    """The cube |x|, |y|, |z| ≤ 1; arguments as for `sphere`."""
    return _slabs(origin, direction)


def octahedron(origin: Tensor, direction: Tensor) -> Interval:
    """The octahedron |x| + |y| + |z| ≤ 1; arguments as for `sphere`."""
    normals = origin.new_tensor(OCTAHEDRON_NORMALS)
    return _slabs(normals @ origin, normals @ direction)


def cylinder(origin: Tensor, direction: Tensor) -> Interval:
    """The cylinder x² + y² ≤ 1, |z| ≤ 1; arguments as for `sphere`."""
    o, d = origin[..., :2, :], direction[..., :2, :]
    side = roots((d**2).sum(-2), (o * d).sum(-2), (o**2).sum(-2) - 1)
    return meet(side, _slabs(origin[..., 2:, :], direction[..., 2:, :]))


def cone(origin: Tensor, direction: Tensor) -> Interval:
    """The cone √(x² + y²) ≤ (1 − z) / 2, |z| ≤ 1, with its tip at z = 1; arguments as for `sphere`."""
    o, d = origin[..., :2, :], direction[..., :2, :]
    up, rise = (1 - origin[..., 2, :]) / 2, -direction[..., 2, :] / 2  # radius of the cone along the ray
    a, b, c = (d**2).sum(-2) - rise**2, (o * d).sum(-2) - up * rise, (o**2).sum(-2) - up**2
    square = b * b - a * c
    root, a = square.clamp(min=0).sqrt(), torch.where(a.abs() < TINY, TINY, a)
    first, second = ((-b - root) / a, (root - b) / a)
    # A steep ray (a < 0) is inside below the tip, beyond one of the roots; beyond the other it is in the cone's mirror image.
    steep_enter = torch.where(rise > 0, first, -torch.inf)
    steep_leave = torch.where(rise > 0, torch.inf, second)
    enter = torch.where(a > 0, first, steep_enter)
    leave = torch.where(a > 0, second, steep_leave)
    enter = torch.where((square > 0) | (a < 0), enter, torch.inf)
    return meet((enter, leave), _slabs(origin[..., 2:, :], direction[..., 2:, :]))


def roots(a: Tensor, b: Tensor, c: Tensor) -> Interval:
    """Interval in which a t² + 2 b t + c ≤ 0, for a ≥ 0."""
    square = b * b - a * c
    root, a = square.clamp(min=0).sqrt(), a.clamp(min=TINY)
    enter = torch.where(square > 0, (-b - root) / a, torch.inf)
    return enter, (root - b) / a


def meet(first: Interval, second: Interval) -> Interval:
    """Intersection of two intervals."""
    return torch.maximum(first[0], second[0]), torch.minimum(first[1], second[1])


def slabs(origin: Tensor, direction: Tensor, half: Tensor | float = 1.0) -> Interval:
    """For each row, the interval in which origin + t · direction is within −half to half: two times of the rays' shape."""
    inverse = 1 / torch.where(direction.abs() < TINY, TINY, direction)
    middle, reach = -origin * inverse, half * inverse.abs()
    return middle - reach, middle + reach


def _slabs(origin: Tensor, direction: Tensor) -> Interval:
    """Interval in which every row of origin + t · direction [..., K, R] is within −1 to 1."""
    low, high = slabs(origin, direction)
    return low.amax(-2), high.amin(-2)


def length(p: Tensor) -> Tensor:
    """Lengths [..., N] of vectors [..., K, N]."""
    return (p * p).sum(-2).sqrt()


def sphere_level(p: Tensor) -> Tensor:
    """Level [..., N] of points [..., 3, N]: below 1 inside, 1 on the surface, above 1 outside."""
    return length(p)


def box_level(p: Tensor) -> Tensor:
    """As `sphere_level`."""
    return p.abs().amax(-2)


def cylinder_level(p: Tensor) -> Tensor:
    """As `sphere_level`."""
    return torch.maximum(length(p[..., :2, :]), p[..., 2, :].abs())


def octahedron_level(p: Tensor) -> Tensor:
    """As `sphere_level`."""
    return p.abs().sum(-2)


def cone_level(p: Tensor) -> Tensor:
    """As `sphere_level`."""
    up = p[..., 2, :]
    return torch.maximum(2 * length(p[..., :2, :]) + up, up.abs())


def sphere_normal(p: Tensor) -> Tensor:
    """Outward directions [..., 3, N], of any length, at surface points [..., 3, N]."""
    return p


def box_normal(p: Tensor) -> Tensor:
    """As `sphere_normal`."""
    size = p.abs()
    return torch.where(size >= size.amax(-2, keepdim=True), p, 0)


def octahedron_normal(p: Tensor) -> Tensor:
    """As `sphere_normal`."""
    return p.sign()


def cylinder_normal(p: Tensor) -> Tensor:
    """As `sphere_normal`."""
    on_cap = p[..., 2:, :] ** 2 > (p[..., :2, :] ** 2).sum(-2, keepdim=True)
    return p * torch.where(on_cap, p.new_tensor([[0], [0], [1]]), p.new_tensor([[1], [1], [0]]))


def cone_normal(p: Tensor) -> Tensor:
    """As `sphere_normal`."""
    around, up = length(p[..., :2, :])[..., None, :], p[..., 2:, :]
    side = torch.cat([p[..., :2, :], around / 2], -2)
    return torch.where(-up > 2 * around + up, p.new_tensor([[0], [0], [-1]]), side)


SPHERE, BOX, CYLINDER, OCTAHEDRON, CONE = range(5)
INTERVALS = (sphere, box, cylinder, octahedron, cone)
NORMALS = (sphere_normal, box_normal, cylinder_normal, octahedron_normal, cone_normal)
LEVELS = (sphere_level, box_level, cylinder_level, octahedron_level, cone_level)
