# SPDX-License-Identifier: GPL-3.0-or-later
"""Solids of procedural scenes: convex shapes, whole or with a piece cut away, hollow and bumpy ones, and tori."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from . import implicit, shapes
from .sampling import choose, directions, rotations, uniform
from .shapes import BOX, CONE, CYLINDER, INTERVALS, LEVELS, NORMALS, OCTAHEDRON, SPHERE, Interval, length

FRAME, CAGE, TORUS, BUMPY_BALL, BUMPY_BOX = range(len(INTERVALS), len(INTERVALS) + 5)
CHANCES = {  # probabilities of the kinds of objects
    SPHERE: 0.18,
    BOX: 0.20,
    CYLINDER: 0.14,
    OCTAHEDRON: 0.06,
    CONE: 0.10,
    FRAME: 0.08,
    CAGE: 0.05,
    TORUS: 0.09,
    BUMPY_BALL: 0.05,
    BUMPY_BOX: 0.05,
}
ROUND = (SPHERE, OCTAHEDRON, CAGE, TORUS, BUMPY_BALL)  # these fit into the unit ball, the other kinds into the cube
CUTS = 0.45  # share of the convex objects that have a piece cut away
CUTTERS = (SPHERE, BOX, CYLINDER)
WHOLE = -1


@dataclass(frozen=True)
class Solids:
    """Parameters of solids in their own coordinates, one entry of the leading axes [...] for each solid."""

    kind: Tensor  # [...] long
    detail: Tensor  # [...], 0 to 1: thickness of the bars of a frame, of the tube of a torus, or of the dents of a bumpy surface
    cutter: Tensor  # [...] long, the convex shape that is cut away, or WHOLE
    inner: Tensor  # [..., 3, 3], from the solid's directions to the cutter's own coordinates, or to thirds of the phases of bumps
    place: Tensor  # [..., 3], center of the cutter

    def at(self, index: int) -> Solids:
        """The solids of one entry of the first axis."""
        return Solids(*(part[index] for part in vars(self).values()))

    def to(self, device: str | torch.device) -> Solids:
        """The same solids on another device, except kinds and cutters: code branches on these, so they stay on the CPU."""
        return Solids(self.kind, self.detail.to(device), self.cutter, self.inner.to(device), self.place.to(device))

    @property
    def waves(self) -> Tensor:
        """Phases of bumps per unit [..., 3, 3]."""
        return 3 * self.inner


def sample_solids(generator: torch.Generator, *shape: int) -> Solids:
    """Random solids [*shape], in the proportions of CHANCES."""
    kind = torch.tensor(list(CHANCES))[choose(generator, tuple(CHANCES.values()), *shape)]
    cutter = torch.tensor(CUTTERS)[torch.randint(len(CUTTERS), shape, generator=generator)]
    cut = (torch.rand(shape, generator=generator) < CUTS) & (kind < len(INTERVALS))
    through = torch.rand(*shape, 1, generator=generator) < 0.35  # a hole from side to side
    size = uniform(generator, 0.35, 0.8, *shape, 3)
    size = torch.where(through & torch.tensor([False, False, True]), 3.0, size)
    away = directions(generator, *shape) * uniform(generator, 0.5, 1.0, *shape, 1)
    return Solids(
        kind=kind,
        detail=torch.rand(shape, generator=generator),
        cutter=torch.where(cut, cutter, WHOLE),
        inner=rotations(generator, *shape).mT / size[..., None],
        place=torch.where(through, 0.3 * away, away),
    )


def first_hit(solid: Solids, origin: Tensor, direction: Tensor) -> Tensor:
    """Times [N] at which rays [3, N] from outside first hit one solid, in its own coordinates; infinite for misses."""
    kind = int(solid.kind)
    if kind >= TORUS:
        return implicit.first_root(lambda p: _level(solid, p), origin, direction, _bounds(solid, origin, direction))
    return _first_outside(_convex(kind)(origin, direction), _holes(solid, origin, direction))


def last_hit(solid: Solids, origin: Tensor, direction: Tensor) -> Tensor:
    """Times [..., N] at which rays [..., 3, N] from inside one convex solid leave it."""
    return INTERVALS[int(solid.kind)](origin, direction)[1]


def contains(solid: Solids, p: Tensor) -> Tensor:
    """Mask [N] of the points [3, N] inside one solid, in its own coordinates."""
    kind, cutter = int(solid.kind), int(solid.cutter)
    if kind >= TORUS:
        bounds = p[2].abs() <= 1 if kind == TORUS else LEVELS[SPHERE if kind == BUMPY_BALL else BOX](p) <= 1
        return (_level(solid, p) < 1) & bounds
    whole = LEVELS[{FRAME: BOX, CAGE: SPHERE}.get(kind, kind)](p) < 1
    if kind == FRAME:
        return whole & ~torch.stack([p[[i, j]].abs().amax(0) < 1 - _bar(solid) for i, j in PAIRS]).any(0)
    if kind == CAGE:
        return whole & ~torch.stack([length(p[[i, j]]) < _hole(solid) for i, j in PAIRS]).any(0)
    if cutter == WHOLE:
        return whole
    return whole & (LEVELS[cutter](solid.inner @ (p - solid.place[:, None])) >= 1)


def normals(solid: Solids, p: Tensor) -> Tensor:
    """Normals [3, N] of one solid at points [3, N] on its surface, outward or inward, of any length."""
    kind = int(solid.kind)
    if kind >= TORUS:
        return implicit.slope(lambda q: _level(solid, q), p)
    if kind == FRAME:
        return _frame_normal(p, 1 - _bar(solid))
    if kind == CAGE:
        return _cage_normal(p, _hole(solid))
    if int(solid.cutter) == WHOLE:
        return NORMALS[kind](p)
    return _cut_normal(solid, p)


def _convex(kind: int):
    return {FRAME: shapes.box, CAGE: shapes.sphere}.get(kind) or INTERVALS[kind]


def _level(solid: Solids, p: Tensor) -> Tensor:
    """Level of points [3, N], below 1 inside a torus or a bumpy solid."""
    if int(solid.kind) == TORUS:
        return implicit.torus_level(p, solid.detail)
    bumpy = implicit.bumpy_ball_level if int(solid.kind) == BUMPY_BALL else implicit.bumpy_box_level
    return bumpy(p, solid.detail, solid.waves)


def _bounds(solid: Solids, origin: Tensor, direction: Tensor) -> Interval:
    if int(solid.kind) == TORUS:
        return implicit.around_torus(origin, direction, solid.detail)
    return (shapes.sphere if int(solid.kind) == BUMPY_BALL else shapes.box)(origin, direction)


def _first_outside(solid: Interval, holes: list[Interval]) -> Tensor:
    """The first time inside `solid` and outside all `holes`, infinite if there is none."""
    time, leave = solid
    for _ in holes:  # a ray never returns to a convex hole, so it leaves each at most once
        for begin, end in holes:
            time = torch.where((begin <= time) & (time < end), end, time)
    return torch.where(time < leave, time, torch.inf)


def _holes(solid: Solids, origin: Tensor, direction: Tensor) -> list[Interval]:
    """The parts cut out of the convex shape of one solid."""
    if int(solid.kind) == FRAME:
        low, high = shapes.slabs(origin, direction, 1 - _bar(solid))
        return [(low[[i, j]].amax(0), high[[i, j]].amin(0)) for i, j in PAIRS]
    if int(solid.kind) == CAGE:
        return [_pipe(origin[[i, j]], direction[[i, j]], _hole(solid)) for i, j in PAIRS]
    if int(solid.cutter) == WHOLE:
        return []
    start = solid.inner @ (origin - solid.place[:, None])
    return [INTERVALS[int(solid.cutter)](start, solid.inner @ direction)]


PAIRS = ((1, 2), (0, 2), (0, 1))  # the axes perpendicular to x, y and z


def _bar(solid: Solids) -> Tensor:
    """Thickness of the bars of a frame."""
    return 0.12 + 0.18 * solid.detail


def _hole(solid: Solids) -> Tensor:
    """Radius of the three holes through a cage, below 0.71, where it would fall apart."""
    return 0.5 + 0.17 * solid.detail


def _pipe(origin: Tensor, direction: Tensor, radius: Tensor) -> Interval:
    """Interval in which rays [2, N], projected along its axis, are within an infinite cylinder."""
    return shapes.roots((direction**2).sum(0), (origin * direction).sum(0), (origin**2).sum(0) - radius**2)


def _frame_normal(p: Tensor, inner: Tensor) -> Tensor:
    """The axis along which points lie on a face of a bar, at 1 or at `inner` from the middle."""
    size = p.abs()
    off = torch.minimum((size - 1).abs(), (size - inner).abs())
    return torch.where(off <= off.amin(0, keepdim=True), p, 0)


def _cage_normal(p: Tensor, radius: Tensor) -> Tensor:
    """Directions away from the middle of the ball, or from the axis of the hole whose wall is nearest."""
    ways = p.new_tensor([[1, 1, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    radii = torch.stack([torch.ones_like(radius), radius, radius, radius])
    off = ((ways @ p**2).sqrt() - radii[:, None]).abs()
    return p * ways[off.argmin(0)].mT


def _cut_normal(solid: Solids, p: Tensor) -> Tensor:
    """Normals of the shape or of the cutter, whichever surface is nearer."""
    kind, cutter = int(solid.kind), int(solid.cutter)
    inner = solid.inner @ (p - solid.place[:, None])
    cut = (LEVELS[cutter](inner) - 1).abs() < (LEVELS[kind](p) - 1).abs()
    return torch.where(cut, solid.inner.mT @ NORMALS[cutter](inner), NORMALS[kind](p))
