# SPDX-License-Identifier: GPL-3.0-or-later
"""Where rays meet unit shapes, and which way the surfaces face there.

Every shape is convex, so a ray crosses it in one interval of its parameter t: (enter, leave), empty when enter > leave.
Rays are `origin + t · direction` in the shape's own coordinates, with x, y, z along the second to last axis.
"""

from __future__ import annotations

import torch
from torch import Tensor

OCTAHEDRON_NORMALS = ((1.0, 1.0, 1.0), (1.0, 1.0, -1.0), (1.0, -1.0, 1.0), (1.0, -1.0, -1.0))
TINY = 1e-9

Interval = tuple[Tensor, Tensor]


def sphere(origin: Tensor, direction: Tensor) -> Interval:
    """The ball |p| ≤ 1. Origins [..., 3, 1] and directions [..., 3, R] give two times [..., R]."""
    return _roots((direction**2).sum(-2), (origin * direction).sum(-2), (origin**2).sum(-2) - 1)


def box(origin: Tensor, direction: Tensor) -> Interval:
    """The cube |x|, |y|, |z| ≤ 1; shapes as for `sphere`."""
    return _slabs(origin, direction)


def octahedron(origin: Tensor, direction: Tensor) -> Interval:
    """The octahedron |x| + |y| + |z| ≤ 1; shapes as for `sphere`."""
    normals = origin.new_tensor(OCTAHEDRON_NORMALS)
    return _slabs(normals @ origin, normals @ direction)


def cylinder(origin: Tensor, direction: Tensor) -> Interval:
    """The cylinder x² + y² ≤ 1, |z| ≤ 1; shapes as for `sphere`."""
    o, d = origin[..., :2, :], direction[..., :2, :]
    side = _roots((d**2).sum(-2), (o * d).sum(-2), (o**2).sum(-2) - 1)
    caps = _slabs(origin[..., 2:, :], direction[..., 2:, :])
    return torch.maximum(side[0], caps[0]), torch.minimum(side[1], caps[1])


def _roots(a: Tensor, b: Tensor, c: Tensor) -> Interval:
    """Where a t² + 2 b t + c ≤ 0, for a ≥ 0."""
    square = b * b - a * c
    root, a = square.clamp(min=0).sqrt(), a.clamp(min=TINY)
    enter = torch.where(square > 0, (-b - root) / a, torch.inf)
    return enter, (root - b) / a


def _slabs(origin: Tensor, direction: Tensor) -> Interval:
    """Where every row of origin + t · direction [..., K, R] lies in −1 to 1."""
    inverse = 1 / torch.where(direction.abs() < TINY, TINY, direction)
    middle, reach = -origin * inverse, inverse.abs()
    return (middle - reach).amax(-2), (middle + reach).amin(-2)


def sphere_normal(p: Tensor) -> Tensor:
    """Outward direction, of any length, at surface points [..., 3]."""
    return p


def box_normal(p: Tensor) -> Tensor:
    """Outward direction, of any length, at surface points [..., 3]."""
    size = p.abs()
    return torch.where(size >= size.amax(-1, keepdim=True), p, 0)


def octahedron_normal(p: Tensor) -> Tensor:
    """Outward direction, of any length, at surface points [..., 3]."""
    return p.sign()


def cylinder_normal(p: Tensor) -> Tensor:
    """Outward direction, of any length, at surface points [..., 3]."""
    on_cap = p[..., 2:] ** 2 > (p[..., :2] ** 2).sum(-1, keepdim=True)
    return torch.where(on_cap, p * p.new_tensor([0, 0, 1]), p * p.new_tensor([1, 1, 0]))


INTERVALS = (sphere, box, cylinder, octahedron)
NORMALS = (sphere_normal, box_normal, cylinder_normal, octahedron_normal)
SPHERE, BOX, CYLINDER, OCTAHEDRON = range(4)
