# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural scenes: the same from the same seed, with depth that is exact."""

import torch
from torch import Tensor

from tttlrm_blender.train.chance import generator_for
from tttlrm_blender.train.layouts import Views, sample_views
from tttlrm_blender.train.scenes import SLOTS, SceneBatch, World, cast, make_scenes, sample_world
from tttlrm_blender.train.shapes import SPHERE
from tttlrm_blender.train.textures import sample_textures

SIZE = (24, 16)


def points_of(batch: SceneBatch) -> Tensor:
    """World points [S, V, H·W, 3] of all pixels, from depth and cameras alone."""
    height, width = batch.depth.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    fx, fy, cx, cy = batch.intrinsics[..., None, None, :].unbind(-1)
    local = torch.stack([(x - cx) / fx, (y - cy) / fy, torch.ones_like(x + fx)], -1) * batch.depth[..., None]
    return local.flatten(2, 3) @ batch.c2w[..., :3, :3].mT + batch.c2w[..., None, :3, 3]


def worlds(seed: int, scenes: int, views: int) -> tuple[Views, World]:
    """The cameras and shapes that `make_scenes` draws for this seed."""
    generator = generator_for(seed, 0)
    cameras = sample_views(generator, scenes, views, SIZE)
    return cameras, sample_world(generator, scenes, cameras.c2w[..., :3, 3].norm(dim=-1).amax(-1))


def test_same_seed_same_scenes() -> None:
    first, second, other = (make_scenes(generator_for(3, step), 2, 3, SIZE) for step in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(second).values(), strict=True))
    assert not torch.equal(first.images, other.images)


def test_pictures_are_plausible() -> None:
    batch = make_scenes(generator_for(0, 0), 24, 2, SIZE)
    assert batch.images.shape == (24, 2, 16, 24, 3)
    assert batch.images.min() >= 0 and batch.images.max() <= 1
    empty = (batch.depth == 0).flatten(1).any(1)
    assert 0.05 < empty.float().mean() < 0.5
    assert (batch.depth > 0).flatten(1).float().mean(1).min() > 0.02
    assert batch.images.flatten(1, 3).std(1).amin() > 0.01


def test_cameras_are_rigid_and_look_at_the_middle() -> None:
    views = sample_views(generator_for(1, 0), 50, 6, SIZE)
    rotation = views.c2w[..., :3, :3]
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand_as(rotation), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(50, 6))
    forward, toward = rotation[..., 2], -torch.nn.functional.normalize(views.c2w[..., :3, 3], dim=-1)
    assert (forward * toward).sum(-1).quantile(0.02) > 0.5
    assert rotation[..., 2, 1].amax() < 0


def test_depth_lies_on_an_analytic_sphere() -> None:
    generator = generator_for(0, 0)
    cameras = sample_views(generator, 1, 4, SIZE)
    slots, slot = len(SLOTS), SLOTS.index(SPHERE)
    center, radius = torch.tensor([0.1, -0.05, 0.2]), 0.4
    world = World(
        frame=(torch.eye(3) / radius).expand(slots, 3, 3),
        center=center.expand(slots, 3),
        present=torch.arange(slots) == slot,
        textures=sample_textures(generator, (slots,)),
        light=torch.tensor([0.0, 0.0, 1.0]),
        ambient=torch.tensor([0.5]),
    )
    corner = torch.tensor([[0.02, 0.0], [0.0, -0.03], [0.0, 0.0]])
    origin = cameras.c2w[0, :, :3, 3]
    direction = (center[:, None] - origin[..., None]) + corner.sum(1, keepdim=True)
    time, found = cast(world, origin, direction)
    points = origin + time * direction[..., 0]
    assert (found == slot).all()
    torch.testing.assert_close((points - center).norm(dim=-1), torch.full((4,), radius), atol=1e-5, rtol=0)
    assert ((points - origin).norm(dim=-1) < (center - origin).norm(dim=-1)).all()


def test_depth_of_one_view_is_never_behind_what_another_sees() -> None:
    batch, (cameras, worlds_of) = make_scenes(generator_for(2, 0), 6, 2, SIZE), worlds(2, 6, 2)
    points = points_of(batch)
    agreeing = []
    for scene in range(6):
        world = World(**{k: (v.at(scene) if k == "textures" else v[scene]) for k, v in vars(worlds_of).items()})
        there = batch.depth[scene, 0].flatten() > 0
        target = points[scene, 0][there]
        origin = cameras.c2w[scene, 1, :3, 3]
        time, _ = cast(world, origin[None], (target - origin).T[None])
        assert time.max() < 1 + 1e-3
        agreeing.append((time > 1 - 1e-3).float().mean())
    assert torch.stack(agreeing).mean() > 0.4


def test_supersampling_averages_the_pixel() -> None:
    coarse, fine = (make_scenes(generator_for(4, 0), 2, 2, SIZE, samples=samples) for samples in (2, 6))
    single = make_scenes(generator_for(4, 0), 2, 2, SIZE, samples=1)
    assert torch.equal(coarse.depth, fine.depth)
    assert (coarse.images - fine.images).square().mean() < (single.images - fine.images).square().mean()
