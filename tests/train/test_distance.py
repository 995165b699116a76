# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed distances in procedural scenes, against closed forms, and against what rays hit."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tttlrm_blender.train.distance import inside, sample_surface, signed_distance
from tttlrm_blender.train.layouts import sample_views
from tttlrm_blender.train.sampling import generator_for, rotations
from tttlrm_blender.train.scenes import make_scenes
from tttlrm_blender.train.shapes import BOX, SPHERE
from tttlrm_blender.train.solids import WHOLE
from tttlrm_blender.train.worlds import World, sample_world

SIZES = {SPHERE: (0.3, 0.3, 0.3), BOX: (0.3, 0.2, 0.1)}


def world_of(seed: int) -> World:
    """A random world."""
    generator = generator_for(seed, 0)
    return sample_world(generator, sample_views(generator, 1, 4, (32, 32))).at(0)


def alone(kind: int, turn: Tensor) -> World:
    """A world with one whole solid, turned and of the size in SIZES."""
    world = world_of(0)
    kinds, cutters, frame = world.solids.kind.clone(), world.solids.cutter.clone(), world.frame.clone()
    kinds[0], cutters[0], frame[0] = kind, WHOLE, torch.linalg.inv(turn * torch.tensor(SIZES[kind]))
    present = torch.arange(len(world.present)) == 0
    return replace(world, present=present, frame=frame, solids=replace(world.solids, kind=kinds, cutter=cutters))


def exact(kind: int, local: Tensor) -> Tensor:
    """Signed distances [N] of points [N, 3] in the axes of a solid of the size in SIZES."""
    if kind == SPHERE:
        return local.norm(dim=-1) - SIZES[SPHERE][0]
    beyond = local.abs() - torch.tensor(SIZES[BOX])
    return beyond.clamp(min=0).norm(dim=-1) + beyond.amax(-1).clamp(max=0)


@pytest.mark.parametrize("kind", [SPHERE, BOX])
def test_distances_are_those_of_closed_forms(kind: int) -> None:
    turn = rotations(generator_for(1, 0))
    world = alone(kind, turn)
    local = 0.6 * (2 * torch.rand(5000, 3, generator=generator_for(1, 1)) - 1)
    points = local @ turn.mT + world.center[0]
    found = signed_distance(world, sample_surface(generator_for(1, 2), world), points)
    error = (found - exact(kind, local)).abs()
    assert error.mean() < 0.001 and error.max() < 0.015
    assert ((found < 0) == (exact(kind, local) < 0)).all()


def test_distances_end_at_the_largest() -> None:
    world = alone(SPHERE, torch.eye(3))
    surface = sample_surface(generator_for(1, 2), world)
    points = world.center[0] + torch.tensor([[0.0, 0, 0], [0, 0, 0.31], [0, 0, 2]])
    assert signed_distance(world, surface, points, 0.1).tolist() == pytest.approx([-0.1, 0.01, 0.1], abs=2e-3)


def test_surfaces_are_where_what_is_inside_ends() -> None:
    world = world_of(3)
    surface = sample_surface(generator_for(3, 1), world)
    used = world.present.nonzero().flatten().tolist()
    there = [
        torch.stack([inside(world, slot, torch.from_numpy(surface.points + side * surface.normals)) for slot in used]).any(0)
        for side in (-1e-3, 1e-3)
    ]
    assert (there[0] != there[1]).float().mean() > 0.98


def test_rays_hit_points_at_distance_zero() -> None:
    """The exact depth of the pictures and the distances come from different code."""
    generator = generator_for(5, 0)
    made = make_scenes(generator, 1, 4, (32, 32))
    generator = generator_for(5, 0)
    world = sample_world(generator, sample_views(generator, 1, 4, (32, 32))).at(0)
    fx, fy, cx, cy = made.intrinsics[0, 0]
    row, column = (made.depth[0, 0] > 0).nonzero().mT
    z = made.depth[0, 0][row, column]
    local = torch.stack([(column + 0.5 - cx) / fx * z, (row + 0.5 - cy) / fy * z, z], -1)
    points = local @ made.c2w[0, 0, :3, :3].mT + made.c2w[0, 0, :3, 3]
    found = signed_distance(world, sample_surface(generator_for(5, 1), world), points).abs()
    assert found.median() < 1e-4 and found.quantile(0.95) < 0.02
