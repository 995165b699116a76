# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural scenes: the same from the same seed, with depth that is exact."""

import torch
from torch import Tensor

from tttlrm_blender.train.casting import LAMP, cast, directions, lamplight
from tttlrm_blender.train.layouts import Views, sample_views
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.scenes import SceneBatch, make_scenes
from tttlrm_blender.train.worlds import GROUND, ROOM, SHELL, TABLE, World, sample_world

SIZE = (24, 16)


def points_of(batch: SceneBatch) -> Tensor:
    """World points [S, V, H·W, 3] of all pixels, from depth and cameras alone."""
    height, width = batch.depth.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    fx, fy, cx, cy = batch.intrinsics[..., None, None, :].unbind(-1)
    local = torch.stack([(x - cx) / fx, (y - cy) / fy, torch.ones_like(x + fx)], -1) * batch.depth[..., None]
    return local.flatten(2, 3) @ batch.c2w[..., :3, :3].mT + batch.c2w[..., None, :3, 3]


def worlds(seed: int, scenes: int, views: int) -> tuple[Views, World]:
    """The cameras and solids that `make_scenes` draws for this seed."""
    generator = generator_for(seed, 0)
    cameras = sample_views(generator, scenes, views, SIZE)
    return cameras, sample_world(generator, cameras)


def test_same_seed_same_scenes() -> None:
    first, second, other = (make_scenes(generator_for(3, step), 2, 3, SIZE) for step in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(second).values(), strict=True))
    assert not torch.equal(first.images, other.images)


def test_pictures_are_plausible() -> None:
    batch = make_scenes(generator_for(0, 0), 40, 2, SIZE)
    assert batch.images.shape == (40, 2, 16, 24, 3)
    assert batch.images.min() >= 0 and batch.images.max() <= 1
    empty = batch.depth == 0
    assert 0.05 < empty.flatten(1).any(1).float().mean() < 0.5
    assert (~empty).flatten(1).float().mean(1).min() > 0.01
    assert (batch.images.flatten(1, 3).std(1).amin(-1) > 0.02).float().mean() > 0.9


def test_inputs_come_along_the_path_where_that_is_asked_for() -> None:
    for ordered in (True, False):
        c2w = sample_views(generator_for(2, 0), 80, 8, SIZE, 8, ordered).c2w
        steps = (c2w[:, 1:, :3, 3] - c2w[:, :-1, :3, 3]).norm(dim=-1).sum(1)
        shortest = torch.cdist(c2w[..., :3, 3], c2w[..., :3, 3]).add(torch.eye(8) * 1e9).amin(-1).sum(1)
        assert ((steps < 1.6 * shortest).float().mean() > 0.8) == ordered


def test_what_is_empty_is_white() -> None:
    batch = make_scenes(generator_for(0, 0), 16, 2, SIZE, samples=1)
    assert (batch.depth == 0).any()
    assert (batch.images[batch.depth == 0] == 1).all()


def test_cameras_are_rigid_and_look_at_the_middle() -> None:
    views = sample_views(generator_for(1, 0), 100, 6, SIZE)
    rotation = views.c2w[..., :3, :3]
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand_as(rotation), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(100, 6))
    forward, toward = rotation[..., 2], -torch.nn.functional.normalize(views.c2w[..., :3, 3], dim=-1)
    assert (forward * toward).sum(-1).quantile(0.02) > 0.5
    assert rotation[..., 2, 1].amax() < 0
    assert 0.1 < views.indoors.float().mean() < 0.4


def test_cameras_stand_in_the_room_and_outside_of_everything_else() -> None:
    views, world = worlds(5, 200, 8)
    position = views.c2w[:, None, :, :3, 3]
    away = (position - world.center[:, :, None]).norm(dim=-1)
    assert (away > world.radius[..., None])[:, :TABLE].all()
    local = (world.frame[:, :, None] @ (position - world.center[:, :, None])[..., None])[..., 0].abs()
    in_box, used = (local < 1).all(-1), world.present[..., None]
    assert not (in_box & used)[:, [TABLE, GROUND]].any()
    assert (in_box | ~used)[:, ROOM].all()
    assert ((local[:, SHELL].norm(dim=-1) < 1) | ~used[:, SHELL]).all()
    assert (world.present[:, ROOM] | ~views.indoors).all()


def test_views_of_a_scene_overlap() -> None:
    batch = make_scenes(generator_for(6, 0), 30, 4, SIZE)
    points = points_of(batch)
    local = (points[:, :1] - batch.c2w[:, 1:, None, :3, 3]) @ batch.c2w[:, 1:, :3, :3]
    fx, fy, cx, cy = batch.intrinsics[:, 1:, None].unbind(-1)
    x, y = fx * local[..., 0] / local[..., 2] + cx, fy * local[..., 1] / local[..., 2] + cy
    framed = (local[..., 2] > 0) & (x > 0) & (x < SIZE[0]) & (y > 0) & (y < SIZE[1])
    there = (batch.depth[:, :1] > 0).flatten(2).expand_as(framed)
    shared = (framed & there).flatten(1).sum(1) / there.flatten(1).sum(1).clamp(min=1)
    assert shared.mean() > 0.5 and shared.quantile(0.1) > 0.15


def test_depth_of_one_view_is_never_behind_what_another_sees() -> None:
    batch, (cameras, drawn) = make_scenes(generator_for(2, 0), 12, 2, SIZE), worlds(2, 12, 2)
    points = points_of(batch)
    agreeing = []
    for scene in range(12):
        there = batch.depth[scene, 0].flatten() > 0
        target = points[scene, 0][there]
        origin = cameras.c2w[scene, 1, :3, 3]
        time, _ = cast(drawn.at(scene), origin[None], (target - origin).T[None, ..., None])
        assert (time > 1 + 1e-3).float().mean() < 0.005  # but for the rims of what is found in steps
        agreeing.append((time > 1 - 1e-3).float().mean())
    assert torch.stack(agreeing).mean() > 0.4


def double(parts):
    """A world, or a part of it, in double precision."""
    converted = {
        name: double(part) if not isinstance(part, Tensor) else part.double() if part.is_floating_point() else part
        for name, part in vars(parts).items()
    }
    return type(parts)(**converted)


def test_single_precision_is_exact_enough() -> None:
    cameras, drawn = worlds(3, 20, 2)
    for scene in range(20):
        c2w, intrinsics = cameras.c2w[scene], cameras.intrinsics[scene]
        direction = directions(c2w, intrinsics, SIZE, 1)
        time, slot = cast(drawn.at(scene), c2w[:, :3, 3], direction)
        exact, exact_slot = cast(double(drawn.at(scene)), c2w[:, :3, 3].double(), direction.double())
        same = slot == exact_slot
        assert same.float().mean() > 0.998
        torch.testing.assert_close(time[same], exact[same].float(), atol=0, rtol=1e-3)


def test_bundles_and_single_rays_meet_the_same() -> None:
    cameras, drawn = worlds(7, 8, 2)
    for scene in range(8):
        origin, rotation = cameras.c2w[scene, :, :3, 3], cameras.c2w[scene, :, :3, :3]
        corner = 0.02 * torch.randn(2, 3, 40, 5, generator=generator_for(scene, 0))
        middle = torch.randn(2, 3, 40, 1, generator=generator_for(scene, 1)) * 0.3 + torch.tensor([0, 0, 1.0])[:, None, None]
        bundles = (rotation @ (middle + corner.clamp(-0.03, 0.03)).flatten(2)).view(2, 3, 40, 5)
        time, slot = cast(drawn.at(scene), origin, bundles, 0.11)
        alone, slot_alone = cast(drawn.at(scene), origin, bundles.flatten(2)[..., None])
        torch.testing.assert_close(time, alone.view_as(time), atol=1e-4, rtol=1e-4)
        assert torch.equal(slot, slot_alone.view_as(slot))


def test_supersampling_averages_the_pixel() -> None:
    coarse, fine = (make_scenes(generator_for(4, 0), 2, 2, SIZE, samples=samples) for samples in (2, 6))
    single = make_scenes(generator_for(4, 0), 2, 2, SIZE, samples=1)
    torch.testing.assert_close(coarse.depth, fine.depth, atol=1e-4, rtol=1e-4)
    assert (coarse.images - fine.images).square().mean() < (single.images - fine.images).square().mean()


def test_shadows_lie_where_something_stands_before_the_lamp() -> None:
    cameras, drawn = worlds(8, 12, 2)
    assert 0.2 < (drawn.shadow > 0).float().mean() < 0.9
    dark, blocked, own = [], [], []  # own: the point is on the side of its solid that the lamp does not see
    for scene in (drawn.shadow > 0).nonzero()[:, 0].tolist():
        world, origin = drawn.at(scene), cameras.c2w[scene, :1, :3, 3]
        across = torch.cartesian_prod(torch.linspace(-0.3, 0.3, 5), torch.linspace(-0.3, 0.3, 5)).T
        direction = cameras.c2w[scene, :1, :3, :3] @ torch.cat([across, torch.ones(1, 25)])
        time, slot = (part[..., 0] for part in cast(world, origin, direction[..., None]))
        light, lamp = lamplight(world, origin, direction, time)[0], LAMP * world.light
        for ray in time[0].isfinite().nonzero()[:, 0].tolist():
            point = origin[0] + time[0, ray] * direction[0, :, ray]
            toward = lamp - point
            start = point + 0.02 * toward / toward.norm()
            dark.append(bool(light[ray] < 1))
            blocked.append(int(cast(world, start[None], toward[None, :, None, None])[1]) in range(ROOM))
            own.append(bool(cast(world, lamp[None], -toward[None, :, None, None])[1] == slot[0, ray]))
    rays = list(zip(dark, blocked, own, strict=True))
    assert sum(dark) > 20 and sum(blocked) > 10
    assert all(is_dark for is_dark, is_blocked, _ in rays if is_blocked)
    assert all(is_own for is_dark, is_blocked, is_own in rays if is_dark and not is_blocked)
