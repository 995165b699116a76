# SPDX-License-Identifier: GPL-3.0-or-later
"""Ray casting of procedural scenes: pictures and exact depth, with bounding balls around solids, and one lamp."""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry.rays import camera_rays
from .layouts import Views
from .shapes import length
from .solids import first_hit, last_hit, normals
from .textures import color
from .worlds import INSIDE, SLOTS, World

WHITE = 1.0  # photos without a background are composited onto white
RAYS = 1 << 18  # approximate number of rays cast together; more do not fit into the caches of a CPU
PIXEL = 0.75  # more than the distance from the center of a pixel to its corner, sqrt(0.5)
LAMP = 12.0  # distance of the lamp from the origin, beyond everything that casts shadows
TOUCHING = 0.998  # share of the way from the lamp to a point: later hits are the point itself
SHARPNESS = 24  # exponent of the specular highlight


def draw(world: World, views: Views, size: tuple[int, int], samples: int) -> tuple[Tensor, Tensor]:
    """Render pictures [V, H, W, 3] of one scene with samples² rays per pixel, and exact depth [V, H, W] at pixel centers."""
    together = max(1, RAYS // (size[0] * size[1] * (samples**2 + 1)))
    groups = zip(views.c2w.split(together), views.intrinsics.split(together), strict=True)
    pictures = [_draw(world, c2w, directions(c2w, intrinsics, size, samples), intrinsics[:, 0]) for c2w, intrinsics in groups]
    colors, depth = (torch.cat(parts).unflatten(1, (size[1], size[0])) for parts in zip(*pictures, strict=True))
    return colors, depth


def _draw(world: World, c2w: Tensor, direction: Tensor, focal: Tensor) -> tuple[Tensor, Tensor]:
    """Colors [V, R, 3] and depth [V, R] of pixels; the last ray of each bundle [V, 3, R, G] passes through the pixel's center."""
    time, slot = cast(world, c2w[:, :3, 3], direction, PIXEL / focal)
    depth = time[..., -1]
    lit = lamplight(world, c2w[:, :3, 3], direction[..., -1], depth)
    colors = shade(world, c2w[:, :3, 3], direction[..., :-1], time[..., :-1], slot[..., :-1], lit)
    return colors.mean(-1).mT, torch.where(depth.isinf(), 0, depth)


def directions(c2w: Tensor, intrinsics: Tensor, size: tuple[int, int], samples: int) -> Tensor:
    """World directions [V, 3, H·W, samples² + 1] of a grid in each pixel and of its center; z is 1 in camera axes."""
    (width, height), device = size, c2w.device
    steps = (torch.arange(samples, device=device) + 0.5) / samples
    within = torch.cat([torch.cartesian_prod(steps, steps), steps.new_full((1, 2), 0.5)])
    x = (torch.arange(width, device=device)[:, None] + within[:, 0]).expand(height, -1, -1).flatten(0, 1)
    y = (torch.arange(height, device=device)[:, None, None] + within[:, 1]).expand(-1, width, -1).flatten(0, 1)
    local = camera_rays(torch.stack([x, y], -1), intrinsics[:, None, None])
    return (c2w[:, :3, :3] @ local.flatten(1, 2).mT).unflatten(2, x.shape)


def cast(world: World, origin: Tensor, direction: Tensor, spread: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
    """First hits of rays from `origin` [V, 3] along `direction` [V, 3, R, G]: times, infinite for none, and slots [V, R, G].

    Rays come in bundles of G, whose directions differ by at most `spread` [V] from the last of the bundle.
    """
    bundles = direction.movedim(1, 0).flatten(1, 2)
    best = torch.full_like(bundles[0], torch.inf)
    slot = torch.full_like(best, -1, dtype=torch.long)
    used = [p for p in world.present.nonzero().flatten().tolist() if p < INSIDE]
    for p, near in zip(used, _near(world, used, origin, direction[..., -1], spread), strict=True):
        start = world.frame[p] @ (origin - world.center[p]).mT
        start = start[:, near // direction.shape[2], None].expand(-1, -1, direction.shape[3]).flatten(1)
        way = world.frame[p] @ bundles.index_select(1, near).flatten(1)
        before = best.index_select(0, near)
        time = first_hit(world.solids.at(p), start, way).view_as(before)
        closer = (time > 0) & (time < before)
        best.index_copy_(0, near, torch.where(closer, time, before))
        slot.index_copy_(0, near, torch.where(closer, p, slot.index_select(0, near)))
    return _surround(world, origin, direction, best.view_as(direction[:, 0]), slot.view_as(direction[:, 0]))


def _near(world: World, slots: list[int], origin: Tensor, direction: Tensor, spread: Tensor | float) -> list[Tensor]:
    """For each slot, the indices [N] of bundles over all cameras that may hit the solid's bounding ball."""
    toward = world.center[slots] - origin[:, None]
    away = toward.norm(dim=-1)
    radius = world.radius[slots] + torch.as_tensor(spread, device=origin.device)[..., None] * (away + world.radius[slots])
    slack = (away**2 - radius**2)[..., None]
    along, length2 = toward @ direction, direction.square().sum(1)[:, None]
    near = (along * along.abs() > slack * length2) | (slack < 0)
    return [part.flatten().nonzero()[:, 0] for part in near.unbind(1)]


def _surround(world: World, origin: Tensor, direction: Tensor, best: Tensor, slot: Tensor) -> tuple[Tensor, Tensor]:
    """Add the solids that surround the cameras to the hits of `cast`."""
    for p in range(INSIDE, SLOTS):
        if world.present[p]:
            start = (world.frame[p] @ (origin - world.center[p]).mT).mT[..., None]
            time = last_hit(world.solids.at(p), start, world.frame[p] @ direction.flatten(2)).view_as(best)
            slot = torch.where(time < best, p, slot)
            best = torch.minimum(best, time)
    return best, slot


def lamplight(world: World, origin: Tensor, direction: Tensor, time: Tensor) -> Tensor:
    """The share [V, R] of the lamp's light, 0 to 1, that reaches the points of rays [V, 3, R] at times [V, R].

    The lamp is so far away that its light is nearly parallel, yet it has a position from which rays can be cast.
    """
    if world.shadow == 0:
        return torch.ones_like(time)
    points = origin[..., None] + time.nan_to_num(posinf=0)[:, None] * direction
    lamp = LAMP * world.light
    reached = cast(world, lamp[None], (points.movedim(1, 0).flatten(1) - lamp[:, None])[None, ..., None])[0]
    return torch.where(reached.view_as(time) < TOUCHING, 1 - float(world.shadow), 1.0)


def shade(world: World, origin: Tensor, direction: Tensor, time: Tensor, slot: Tensor, lit: Tensor) -> Tensor:
    """Colors [V, 3, R, G] of the hits of `cast`, lit by the `lamplight` [V, R] of each bundle; white for misses."""
    rays, times, slots = direction.movedim(1, 0).flatten(1), time.flatten(), slot.flatten()
    colors = torch.full_like(rays, WHITE)
    each = direction.shape[2] * direction.shape[3]
    for p in world.present.nonzero().flatten().tolist():
        seen = (slots == p).nonzero()[:, 0]
        if len(seen):
            way = rays.index_select(1, seen)
            points = origin.mT.index_select(1, seen // each) + times.index_select(0, seen) * way
            lamp = lit.flatten().index_select(0, seen // direction.shape[3])
            colors.index_copy_(1, seen, _surface(world, p, points, way, lamp))
    return colors.unflatten(1, time.shape).movedim(0, 1)


def _surface(world: World, slot: int, points: Tensor, rays: Tensor, lit: Tensor) -> Tensor:
    """Exposed colors [3, N] of one solid at points [3, N] seen along rays [3, N], with lamplight [N]."""
    frame, texture = world.frame[slot], world.textures.at(slot)
    local = frame @ (points - world.center[slot, :, None])
    own = normals(world.solids.at(slot), local)
    normal = _unit(frame.mT @ own)
    normal = normal * -(normal * rays).sum(0).sign()
    seen = color(texture, points, _on_surface(local, own, frame)) * _light(world, normal, lit)
    if world.gloss[slot] > 0:
        seen = seen + float(world.gloss[slot]) * lit * _reflection(world, normal, rays)
    factor, exponent = world.exposure
    return (factor * seen.clamp(min=1e-4) ** exponent).clamp(max=1)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / length(vectors).clamp(min=1e-12)


def _on_surface(local: Tensor, normal: Tensor, frame: Tensor) -> Tensor:
    """Texture coordinates [2, N] in world units by box mapping: projected onto the side of the cube that the surface faces."""
    x, y, z = local * torch.linalg.inv(frame).norm(dim=0)[:, None]
    nx, ny, nz = normal.abs()
    return torch.stack([torch.where((nx > ny) & (nx > nz), y, x), torch.where((nz > nx) & (nz > ny), y, -z)])


def _light(world: World, normal: Tensor, lit: Tensor) -> Tensor:
    """Diffuse light [N] on surfaces with a `normal` [3, N]: from the lamp, plus ambient light that is weaker from below."""
    lamp = (world.light @ normal).clamp(min=0)
    return world.ambient * (0.9 + 0.1 * normal[2]) + (1 - world.ambient) * lit * lamp


def _reflection(world: World, normal: Tensor, rays: Tensor) -> Tensor:
    """Specular reflection of the lamp toward the camera [N], 0 to 1."""
    half = _unit(world.light[:, None] - _unit(rays))
    return (normal * half).sum(0).clamp(min=0) ** SHARPNESS
