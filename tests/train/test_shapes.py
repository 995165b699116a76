# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays against convex unit shapes, checked point by point with the shapes' own inequalities."""

import pytest
import torch

from tttlrm_blender.train import shapes

INSIDE = {
    shapes.SPHERE: lambda x, y, z: x**2 + y**2 + z**2 < 1,
    shapes.BOX: lambda x, y, z: (x.abs() < 1) & (y.abs() < 1) & (z.abs() < 1),
    shapes.CYLINDER: lambda x, y, z: (x**2 + y**2 < 1) & (z.abs() < 1),
    shapes.OCTAHEDRON: lambda x, y, z: x.abs() + y.abs() + z.abs() < 1,
    shapes.CONE: lambda x, y, z: ((x**2 + y**2).sqrt() < (1 - z) / 2) & (z > -1),
}


@pytest.mark.parametrize("kind", INSIDE)
def test_intervals_are_where_the_ray_is_inside(kind: int) -> None:
    generator = torch.Generator().manual_seed(kind)
    origin = 3 * torch.nn.functional.normalize(torch.randn(24, 3, 1, generator=generator, dtype=torch.float64), dim=1)
    direction = -origin + 0.8 * torch.randn(24, 3, 50, generator=generator, dtype=torch.float64)
    enter, leave = shapes.INTERVALS[kind](origin, direction)
    hit = enter < leave
    assert 0.1 < hit.double().mean() < 1
    times = torch.linspace(0, 3, 400, dtype=torch.float64)
    points = (origin[..., None] + times * direction[..., None]).movedim(1, 0)
    between = (times > enter[..., None]) & (times < leave[..., None])
    assert torch.equal(INSIDE[kind](*points), between)
    assert torch.equal(shapes.LEVELS[kind](points.flatten(1)).view_as(between) < 1, between)


@pytest.mark.parametrize("kind", INSIDE)
def test_hits_lie_on_the_surface_and_normals_point_out(kind: int) -> None:
    generator = torch.Generator().manual_seed(kind)
    origin = torch.randn(1, 3, 1, generator=generator).double() + 3
    direction = -origin + 0.5 * torch.randn(1, 3, 200, generator=generator).double()
    enter, leave = shapes.INTERVALS[kind](origin, direction)
    hit = (enter < leave)[0]
    points = (origin + enter[:, None] * direction)[0][:, hit]
    torch.testing.assert_close(shapes.LEVELS[kind](points), torch.ones(points.shape[1], dtype=torch.float64))
    normal = torch.nn.functional.normalize(shapes.NORMALS[kind](points), dim=0)
    assert (shapes.LEVELS[kind](points + 1e-3 * normal) > 1).all()
    assert ((normal * direction[0][:, hit]).sum(0) < 0).all()
