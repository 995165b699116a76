# SPDX-License-Identifier: GPL-3.0-or-later
"""Endless procedural scenes with exact depth: shapes alone or in rooms, drawn by ray casting in torch on any device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from . import shapes
from .chance import directions, rotations, turns, uniform
from .layouts import Views, sample_views
from .shapes import BOX, CYLINDER, OCTAHEDRON, SPHERE
from .textures import Textures, color, sample_textures

THINGS = (SPHERE,) * 3 + (BOX,) * 3 + (CYLINDER,) * 2 + (OCTAHEDRON,)  # around the origin
CLUTTER = (SPHERE, BOX, BOX, CYLINDER)  # beyond the cameras, in rooms
SLOTS = (*THINGS, *CLUTTER, BOX, BOX, SPHERE)  # and last a table, a room and a shell; the latter two seen from inside
INSIDE = 2
TABLE = len(SLOTS) - INSIDE - 1
TABLE_HALF = 0.03  # thickness
WHITE = 1.0  # photos without background are laid on white


@dataclass(frozen=True)
class World:
    """The shapes of S scenes, one for each of the P slots."""

    frame: Tensor  # [S, P, 3, 3], world directions to the shape's own coordinates
    center: Tensor  # [S, P, 3]
    present: Tensor  # [S, P] bool
    textures: Textures  # [S, P, ...]
    light: Tensor  # [S, 3], direction to the lamp
    ambient: Tensor  # [S, 1], light that comes from everywhere, 0 to 1


@dataclass(frozen=True)
class SceneBatch:
    """V pictures of each of S scenes and what is known about them."""

    images: Tensor  # [S, V, H, W, 3] float32, sRGB 0 to 1
    depth: Tensor  # [S, V, H, W], z of the surface at the pixel's centre in world units; 0 where nothing is
    c2w: Tensor  # [S, V, 4, 4], OpenCV
    intrinsics: Tensor  # [S, V, 4], fx fy cx cy in pixels


def make_scenes(
    generator: torch.Generator,
    scenes: int,
    views: int,
    size: tuple[int, int],  # width and height in pixels
    device: str | torch.device = "cpu",
    samples: int = 2,  # along each side of a pixel, averaged
) -> SceneBatch:
    """`views` pictures of each of `scenes` random scenes; the same generator state gives the same scenes on every device."""
    cameras = sample_views(generator, scenes, views, size)
    world = sample_world(generator, scenes, cameras.c2w[..., :3, 3].norm(dim=-1).amax(-1))
    drawn = (draw(_to(world, s, device), _of(cameras, s, device), size, samples) for s in range(scenes))
    images, depth = zip(*drawn, strict=True)
    return SceneBatch(torch.stack(images), torch.stack(depth), cameras.c2w.to(device), cameras.intrinsics.to(device))


def _to(world: World, scene: int, device: str | torch.device) -> World:
    """One scene of several, as a world without the scene axis."""
    parts = {name: part[scene].to(device) for name, part in vars(world).items() if name != "textures"}
    return World(**parts, textures=world.textures.at(scene).to(device))


def _of(views: Views, scene: int, device: str | torch.device) -> Views:
    return Views(views.c2w[scene].to(device), views.intrinsics[scene].to(device))


def sample_world(generator: torch.Generator, scenes: int, reach: Tensor) -> World:
    """Random shapes for cameras no farther than `reach` [S] from the origin: none of them stands in a shape or outside a room."""
    slots = len(SLOTS)
    floor = -uniform(generator, 0.1, 0.6, scenes)
    present = _presence(generator, scenes)
    scale, center = _placement(generator, reach, floor, present[:, TABLE])
    level = torch.rand(scenes, slots, 1, 1, generator=generator) < _levelness(slots)
    turn = torch.where(level, turns(generator, scenes, slots), rotations(generator, scenes, slots))
    light = directions(generator, scenes)
    return World(
        frame=turn.mT / scale[..., None],
        center=center,
        present=present,
        textures=sample_textures(generator, (scenes, slots)),
        light=torch.cat([light[:, :2], light[:, 2:].abs()], -1),
        ambient=uniform(generator, 0.35, 0.9, scenes, 1),
    )


def _levelness(slots: int) -> Tensor:
    """The chance of each slot [P, 1, 1] to stand upright: tables and rooms always, the rest half of the time."""
    chance = torch.full((slots, 1, 1), 0.5)
    chance[TABLE:] = 1.0
    return chance


def _presence(generator: torch.Generator, scenes: int) -> Tensor:
    """Which slots are used [S, P]: 60 % of the scenes lie in rooms, a fifth has a plain shell, a fifth nothing around."""
    kind = torch.rand(scenes, generator=generator)
    room, shell = kind < 0.6, kind > 0.8
    density = uniform(generator, 0.1, 0.9, scenes, 1)
    things = torch.rand(scenes, len(THINGS), generator=generator) < density
    lonely = ~things.any(-1)
    things[lonely, torch.randint(len(THINGS), (scenes,), generator=generator)[lonely]] = True
    clutter = (torch.rand(scenes, len(CLUTTER), generator=generator) < 0.6) & room[:, None]
    table = torch.rand(scenes, generator=generator) < 0.3
    return torch.cat([things, clutter, table[:, None], room[:, None], shell[:, None]], -1)


def _placement(generator: torch.Generator, reach: Tensor, floor: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """Half sizes and centres [S, P, 3] of all slots, for scenes [S] with and without a table on legs of unseen length."""
    scenes, things, clutter = len(reach), len(THINGS), len(CLUTTER)
    bottom = floor - uniform(generator, 0.1, 0.5, scenes) * table
    half = reach[:, None] * uniform(generator, 1.05, 1.8, scenes, 3)
    half[:, 2] = (reach * uniform(generator, 1.05, 1.6, scenes) - bottom) / 2
    middle = torch.stack([torch.zeros(scenes), torch.zeros(scenes), bottom + half[:, 2]], -1)
    sizes = [
        uniform(generator, 0.1, 0.4, scenes, things, 1) * uniform(generator, 0.5, 1.0, scenes, things, 3),
        reach[:, None, None] * uniform(generator, 0.05, 0.2, scenes, clutter, 3),
        torch.cat([uniform(generator, 0.6, 0.9, scenes, 1, 2), torch.full((scenes, 1, 1), TABLE_HALF)], -1),
        half[:, None],
        (reach[:, None, None] * uniform(generator, 1.2, 2.5, scenes, 1, 1)).expand(-1, -1, 3),
    ]
    angle = uniform(generator, 0, 2 * torch.pi, scenes, things + clutter)
    near = 0.5 * uniform(generator, 0, 1, scenes, things).sqrt()
    far = reach[:, None] * uniform(generator, 1.3, 2.0, scenes, clutter)
    away = torch.cat([near, far], -1)
    scattered = _stand(generator, torch.cat(sizes[:2], 1), floor, torch.stack([away * angle.cos(), away * angle.sin()], -1))
    top = torch.stack([torch.zeros(scenes), torch.zeros(scenes), floor - TABLE_HALF], -1)
    return torch.cat(sizes, 1), torch.cat([scattered, top[:, None], middle[:, None], torch.zeros(scenes, 1, 3)], 1)


def _stand(generator: torch.Generator, sizes: Tensor, floor: Tensor, ground: Tensor) -> Tensor:
    """Centres [S, K, 3] above `ground` [S, K, 2]: half of the shapes rest on the floor, the others float."""
    resting = floor[:, None] + sizes[..., 2]
    floats = torch.rand(sizes.shape[:2], generator=generator) < 0.5
    height = torch.where(floats, resting + uniform(generator, 0, 0.5, *sizes.shape[:2]), resting)
    return torch.cat([ground, height[..., None]], -1)


def draw(world: World, views: Views, size: tuple[int, int], samples: int) -> tuple[Tensor, Tensor]:
    """Pictures [V, H, W, 3] and exact depth [V, H, W] of one scene."""
    fine = _directions(views, size, samples)
    time, slot = cast(world, views.c2w[:, :3, 3], fine)
    colors = shade(world, views.c2w[:, :3, 3], fine, time, slot)
    pixels = colors.unflatten(1, (size[1], samples, size[0], samples)).mean((2, 4))
    depth, _ = cast(world, views.c2w[:, :3, 3], _directions(views, size, 1))
    return pixels, torch.where(depth.isinf(), 0, depth).unflatten(1, (size[1], size[0]))


def _directions(views: Views, size: tuple[int, int], samples: int) -> Tensor:
    """World directions [V, 3, R] through the samples of all pixels, row by row, with a z of 1 in the camera."""
    (width, height), device = size, views.c2w.device
    x = (torch.arange(width * samples, device=device) + 0.5) / samples
    y = (torch.arange(height * samples, device=device) + 0.5) / samples
    fx, fy, cx, cy = views.intrinsics[:, :, None].unbind(1)
    across, down = (x - cx) / fx, (y - cy) / fy
    grid = torch.stack([across[:, None].expand(-1, len(y), -1), down[..., None].expand(-1, -1, len(x))], 1).flatten(2)
    return views.c2w[:, :3, :3] @ torch.cat([grid, torch.ones_like(grid[:, :1])], 1)


def cast(world: World, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """First hits of rays from `origin` [V, 3] along `direction` [V, 3, R]: times [V, R], infinite for none, and slots [V, R]."""
    local = (world.frame @ (origin[:, None] - world.center)[..., None])[..., None, :, :]
    best = torch.full((len(origin), direction.shape[-1]), torch.inf, device=origin.device)
    slot = torch.zeros_like(best, dtype=torch.long)
    for p in world.present.nonzero().flatten().tolist():
        enter, leave = shapes.INTERVALS[SLOTS[p]](local[:, p, 0], world.frame[p] @ direction)
        time = leave if p >= len(SLOTS) - INSIDE else torch.where(enter < leave, enter, torch.inf)
        closer = (time > 0) & (time < best)
        best, slot = torch.where(closer, time, best), torch.where(closer, p, slot)
    return best, slot


def shade(world: World, origin: Tensor, direction: Tensor, time: Tensor, slot: Tensor) -> Tensor:
    """Colours [V, R, 3] of the hits of `cast`: texture times diffuse light; white where nothing is hit."""
    rays = direction.mT
    points = origin[:, None] + time[..., None] * rays
    colors = torch.full_like(points, WHITE)
    slot = torch.where(time.isfinite(), slot, -1)
    for p in world.present.nonzero().flatten().tolist():
        seen = slot == p
        colors[seen] = _surface(world, p, points[seen], rays[seen])
    return colors


def _surface(world: World, slot: int, points: Tensor, rays: Tensor) -> Tensor:
    """Colours [N, 3] of one shape at surface points [N, 3] seen along rays [N, 3]."""
    frame = world.frame[slot]
    normal = shapes.NORMALS[SLOTS[slot]]((points - world.center[slot]) @ frame.mT) @ frame
    normal = torch.nn.functional.normalize(normal, dim=-1)
    normal = normal * -(normal * rays).sum(-1, keepdim=True).sign()
    light = world.ambient + (1 - world.ambient) * (normal @ world.light).clamp(min=0)[:, None]
    return color(world.textures.at(slot), points) * light
