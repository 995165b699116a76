# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays against all solids, checked by walking along the rays in small steps."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tttlrm_blender.train import solids
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.shapes import LEVELS
from tttlrm_blender.train.solids import BUMPY_BALL, BUMPY_BOX, CAGE, CHANCES, CUTTERS, FRAME, TORUS, WHOLE, Solids, sample_solids

STEPS = 3000
CUT = [(kind, cutter) for kind in range(len(LEVELS)) for cutter in CUTTERS]
CASES = [*CUT, *((kind, WHOLE) for kind in CHANCES)]


def solid_of(kind: int, cutter: int, seed: int = 0) -> Solids:
    """A random solid of one kind in double precision."""
    solid = sample_solids(generator_for(seed, 100 * kind + cutter + 1))
    parts = (solid.detail.double(), torch.tensor(cutter), solid.inner.double(), solid.place.double())
    return Solids(torch.tensor(kind), *parts)


def inside(solid: Solids, p: Tensor) -> Tensor:
    """Whether points [3, N] are in the solid, from what its fields say."""
    kind, x, y, z = int(solid.kind), *p
    if kind < len(LEVELS):
        cut = solid.inner @ (p - solid.place[:, None])
        kept = True if int(solid.cutter) == WHOLE else LEVELS[int(solid.cutter)](cut) >= 1
        return (LEVELS[kind](p) < 1) & kept
    return SPECIAL[kind](solid, x, y, z)


def _frame(solid: Solids, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    size, hollow = torch.stack([x, y, z]).abs(), 1 - (0.12 + 0.18 * solid.detail)
    return (size.amax(0) < 1) & ((size >= hollow).sum(0) >= 2)


def _cage(solid: Solids, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    hole = (0.5 + 0.17 * solid.detail) ** 2
    return (x**2 + y**2 + z**2 < 1) & (torch.stack([x**2 + y**2, y**2 + z**2, x**2 + z**2]).amin(0) >= hole)


def _torus(solid: Solids, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    tube = 0.15 + 0.25 * solid.detail
    return ((x**2 + y**2).sqrt() - 1 + tube) ** 2 + z**2 < tube**2


def _bumpy(smooth: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def within(solid: Solids, *xyz: Tensor) -> Tensor:
        height = 0.5 + torch.sin(solid.waves @ torch.stack(xyz)).sum(0) / 6
        return smooth(torch.stack(xyz)) < 1 - (0.1 + 0.2 * solid.detail) * height

    return within


SPECIAL: dict[int, Callable[..., Tensor]] = {
    FRAME: _frame,
    CAGE: _cage,
    TORUS: _torus,
    BUMPY_BALL: _bumpy(lambda p: p.norm(dim=0)),
    BUMPY_BOX: _bumpy(lambda p: p.abs().amax(0)),
}


def rays(seed: int, count: int = 150) -> tuple[Tensor, Tensor]:
    """Origins and directions [3, N] of rays toward the middle from all sides."""
    generator = generator_for(seed, 1)
    origin = 3 * torch.nn.functional.normalize(torch.randn(3, count, generator=generator).double(), dim=0)
    return origin, -origin + 0.6 * torch.randn(3, count, generator=generator).double()


@pytest.mark.parametrize(("kind", "cutter"), CASES)
def test_the_first_hit_is_where_a_walk_along_the_ray_gets_inside(kind: int, cutter: int) -> None:
    solid, (origin, direction) = solid_of(kind, cutter), rays(kind)
    found = solids.first_hit(solid, origin, direction)
    times = torch.linspace(0, 2, STEPS, dtype=torch.float64)
    way = (origin[..., None] + times * direction[..., None]).flatten(1)
    within = inside(solid, way).view(-1, STEPS)
    walked = torch.where(within.any(1), times[within.long().argmax(1)], math.inf)
    missed = (found - walked > 2 / STEPS) | (found.isinf() & walked.isfinite())
    early = found < walked - 2 * 2 / STEPS  # slivers that the walk stepped over, or mistakes
    assert within.any(1).double().mean() > 0.1
    assert missed.double().mean() <= (0.03 if kind >= TORUS else 0.0)
    assert early.double().mean() < 0.03


@pytest.mark.parametrize(("kind", "cutter"), CASES)
def test_hits_part_inside_from_outside_and_normals_are_square_to_the_surface(kind: int, cutter: int) -> None:
    solid, (origin, direction) = solid_of(kind, cutter), rays(kind)
    time = solids.first_hit(solid, origin, direction)
    hit = time.isfinite()
    assert not inside(solid, (origin + (time - 1e-4) * direction)[:, hit]).any()
    assert inside(solid, (origin + (time + 1e-4) * direction)[:, hit]).double().mean() > 0.97
    points = (origin + time * direction)[:, hit]
    normal = torch.nn.functional.normalize(solids.normals(solid, points), dim=0)
    normal = normal * -(normal * direction[:, hit]).sum(0).sign()
    assert not inside(solid, points + 1e-3 * normal).double().mean() > 0.02
    assert inside(solid, points - 1e-3 * normal).double().mean() > 0.98


def test_solids_come_in_their_proportions() -> None:
    drawn = sample_solids(generator_for(0, 0), 20_000)
    assert math.isclose(sum(CHANCES.values()), 1.0)
    for kind, chance in CHANCES.items():
        assert (drawn.kind == kind).float().mean() == pytest.approx(chance, abs=0.015)
    assert (drawn.cutter[drawn.kind >= len(LEVELS)] == WHOLE).all()
