# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays against unit shapes, checked point by point with the shapes' own inequalities."""

import pytest
import torch

from tttlrm_blender.train import shapes

INSIDE = {
    shapes.SPHERE: lambda p: p.norm(dim=-1),
    shapes.BOX: lambda p: p.abs().amax(-1),
    shapes.CYLINDER: lambda p: torch.maximum(p[..., :2].norm(dim=-1), p[..., 2].abs()),
    shapes.OCTAHEDRON: lambda p: p.abs().sum(-1),
}


@pytest.mark.parametrize("kind", INSIDE)
def test_intervals_are_where_the_ray_is_inside(kind: int) -> None:
    generator = torch.Generator().manual_seed(kind)
    origin = 3 * torch.nn.functional.normalize(torch.randn(8, 3, 1, generator=generator, dtype=torch.float64), dim=1)
    direction = -origin + 0.8 * torch.randn(8, 3, 50, generator=generator, dtype=torch.float64)
    enter, leave = shapes.INTERVALS[kind](origin, direction)
    hit = enter < leave
    assert 0.2 < hit.double().mean() < 1
    times = torch.linspace(0, 3, 400, dtype=torch.float64)
    points = (origin[..., None] + times * direction[..., None]).movedim(1, -1)
    inside = INSIDE[kind](points) < 1
    between = (times > enter[..., None]) & (times < leave[..., None])
    assert torch.equal(inside, between)


@pytest.mark.parametrize("kind", INSIDE)
def test_hits_lie_on_the_surface_and_normals_point_out(kind: int) -> None:
    generator = torch.Generator().manual_seed(kind)
    origin = torch.randn(1, 3, 1, generator=generator).double() + 3
    direction = -origin + 0.5 * torch.randn(1, 3, 200, generator=generator).double()
    enter, leave = shapes.INTERVALS[kind](origin, direction)
    hit = (enter < leave)[0]
    points = (origin + enter[:, None] * direction)[0].T[hit]
    torch.testing.assert_close(INSIDE[kind](points), torch.ones(len(points), dtype=torch.float64))
    normal = torch.nn.functional.normalize(shapes.NORMALS[kind](points), dim=-1)
    assert (INSIDE[kind](points + 1e-3 * normal) > 1).all()
    assert ((normal * direction[0].T[hit]).sum(-1) < 0).all()
