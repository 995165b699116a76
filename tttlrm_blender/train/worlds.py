# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents of procedural scenes: objects around the origin, tables, ground, rooms with clutter, skies. World units, z-up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .layouts import Views
from .sampling import directions, rotations, shears, turns, uniform
from .shapes import BOX, CYLINDER, SPHERE
from .solids import ROUND, WHOLE, Solids, sample_solids
from .textures import Textures, sample_textures

THINGS, CLUTTER = 9, 5  # numbers of slots
SLOTS = THINGS + CLUTTER + 4
TABLE, GROUND, ROOM, SHELL = range(SLOTS - 4, SLOTS)
INSIDE = ROOM  # solids of this and later slots are seen from inside
TABLE_HALF, GROUND_HALF = 0.03, 0.05  # thickness
ROOMS, OPEN, SHELLS = 0.5, 0.65, 0.75  # cumulative shares of surroundings, for scenes without a walk
SHEARED, SHEAR = 0.4, 0.5


@dataclass(frozen=True)
class World:
    """The solids of S scenes, one for each of the P slots."""

    frame: Tensor  # [S, P, 3, 3], from world directions to the solid's own coordinates
    center: Tensor  # [S, P, 3]
    radius: Tensor  # [S, P], of the bounding ball about the center
    present: Tensor  # [S, P] bool
    solids: Solids  # [S, P, ...]
    textures: Textures  # [S, P, ...]
    gloss: Tensor  # [S, P], strength of the lamp's reflection
    light: Tensor  # [S, 3], direction to the lamp
    ambient: Tensor  # [S], ambient light, 0 to 1
    shadow: Tensor  # [S], strength of shadows: 0 for none, 1 for no light of the lamp in them
    exposure: Tensor  # [S, 2], factor on colors, applied after an exponent

    def at(self, scene: int) -> World:
        """One scene, as a world without the scene axis."""
        return World(**{name: part.at(scene) if hasattr(part, "at") else part[scene] for name, part in vars(self).items()})

    def to(self, device: str | torch.device) -> World:
        """The same world on another device, except values that code branches on, which stay on the CPU."""
        stays = ("present", "gloss", "shadow")
        return World(**{name: part if name in stays else part.to(device) for name, part in vars(self).items()})


def sample_world(generator: torch.Generator, views: Views) -> World:
    """Random solids for S scenes with these cameras. No camera is in a solid, below the ground or outside its room."""
    position = views.c2w[..., :3, 3]
    scenes, reach = len(position), position.norm(dim=-1).amax(-1)
    solids = _solids(generator, scenes)
    present = _presence(generator, scenes, views.indoors)
    shape, center = _placement(generator, reach, solids, present)
    shape, radius = _beside_cameras(shape, center, solids, position)
    light = directions(generator, scenes)
    return World(
        frame=torch.linalg.inv(shape),
        center=center,
        radius=radius,
        present=present,
        solids=solids,
        textures=sample_textures(generator, _extent(shape), _pixels(views)),
        gloss=uniform(generator, -0.8, 0.4, scenes, SLOTS).clamp(min=0),
        light=torch.cat([light[:, :2], light[:, 2:].abs()], -1),
        ambient=uniform(generator, 0.4, 0.85, scenes),
        shadow=uniform(generator, -1.0, 1.2, scenes).clamp(0, 1),
        exposure=torch.stack([uniform(generator, 0.85, 1.2, scenes), uniform(generator, 0.75, 1.2, scenes)], -1),
    )


def _solids(generator: torch.Generator, scenes: int) -> Solids:
    """Solids [S, P] for all slots: any kind for the objects, boxes and clutter for the rest."""
    solids = sample_solids(generator, scenes, SLOTS)
    furniture = torch.tensor((BOX, BOX, BOX, CYLINDER, SPHERE))
    kind, cutter = solids.kind.clone(), solids.cutter.clone()
    kind[:, THINGS:TABLE] = furniture[torch.randint(len(furniture), (scenes, CLUTTER), generator=generator)]
    kind[:, TABLE:] = torch.tensor([BOX, BOX, BOX, SPHERE])
    cutter[:, THINGS:] = WHOLE
    return Solids(kind, solids.detail, cutter, solids.inner, solids.place)


def _presence(generator: torch.Generator, scenes: int, indoors: Tensor) -> Tensor:
    """Mask [S, P] of the slots in use: 1 to 9 objects, and surroundings by ROOMS, OPEN and SHELLS unless `indoors` [S]."""
    around = torch.where(indoors, 0.0, torch.rand(scenes, generator=generator))
    room, open_air, shell = around < ROOMS, (around >= ROOMS) & (around < OPEN), (around >= OPEN) & (around < SHELLS)
    count = torch.randint(1, THINGS + 1, (scenes, 1), generator=generator)
    things = torch.arange(THINGS) < count
    clutter = (torch.rand(scenes, CLUTTER, generator=generator) < 0.6) & room[:, None]
    table = (torch.rand(scenes, generator=generator) < 0.3) & ~open_air
    ground = room | open_air
    return torch.cat([things, clutter, torch.stack([table, ground, room, shell | open_air], -1)], -1)


def _placement(generator: torch.Generator, reach: Tensor, solids: Solids, present: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices [S, P, 3, 3] from the solids' own coordinates to world directions, and centers [S, P, 3]."""
    scenes = len(reach)
    floor = -uniform(generator, 0.1, 0.45, scenes)
    bottom = floor - uniform(generator, 0.1, 0.5, scenes) * present[:, TABLE]  # ground below a table, which has no legs
    half = reach[:, None] * uniform(generator, 1.05, 1.8, scenes, 3)
    half[:, 2] = (reach * uniform(generator, 1.05, 1.6, scenes) - bottom) / 2
    turn, shell = turns(generator, scenes), reach * uniform(generator, 1.3, 2.5, scenes)
    things = _thing_shapes(generator, present)
    clutter = turn[:, None] * _clutter_sizes(generator, reach)[..., None, :]
    fixed = _fixed_shapes(generator, half, turn, shell, present)
    shape = torch.cat([things, clutter, fixed], 1)
    scattered = torch.cat([_scatter(generator, scenes), _along_walls(generator, half, turn)], 1)
    rest = torch.cat([floor[:, None].expand(-1, THINGS), bottom[:, None].expand(-1, CLUTTER)], 1)
    standing = _stand(generator, rest + _lowest(shape, solids.kind)[:, :TABLE])
    zero = torch.zeros(scenes)
    heights = torch.stack([floor - TABLE_HALF, bottom - GROUND_HALF, bottom + half[:, 2] - 1e-3, zero], -1)
    center = torch.cat([torch.cat([scattered, standing[..., None]], -1), _above(heights)], 1)
    return shape, center


def _above(heights: Tensor) -> Tensor:
    """Points [S, K, 3] at these heights [S, K] over the origin."""
    return torch.nn.functional.pad(heights[..., None], (2, 0))


def _thing_shapes(generator: torch.Generator, present: Tensor) -> Tensor:
    """Linear maps [S, THINGS, 3, 3] of sizes, often sheared, half of them upright; the fewer objects, the larger."""
    scenes, count = len(present), present[:, :THINGS].sum(-1)
    larger = (9 / (count + 2)).pow(0.4)[:, None, None]
    size = larger * uniform(generator, 0.12, 0.4, scenes, THINGS, 1) * uniform(generator, 0.4, 1.0, scenes, THINGS, 3)
    upright = torch.rand(scenes, THINGS, 1, 1, generator=generator) < 0.5
    turn = torch.where(upright, turns(generator, scenes, THINGS), rotations(generator, scenes, THINGS))
    sheared = torch.rand(scenes, THINGS, 1, 1, generator=generator) < SHEARED
    shear = torch.where(sheared, shears(generator, SHEAR, scenes, THINGS), torch.eye(3))
    return turn @ shear * size[..., None, :]


def _clutter_sizes(generator: torch.Generator, reach: Tensor) -> Tensor:
    """Half sizes [S, CLUTTER, 3] of the clutter along walls."""
    scenes = len(reach)
    flat = reach[:, None, None] * uniform(generator, 0.06, 0.25, scenes, CLUTTER, 2)
    return torch.cat([flat, reach[:, None, None] * uniform(generator, 0.08, 0.5, scenes, CLUTTER, 1)], -1)


def _fixed_shapes(generator: torch.Generator, half: Tensor, turn: Tensor, shell: Tensor, present: Tensor) -> Tensor:
    """Linear maps [S, 4, 3, 3] of table, ground, room and shell; the ground extends beyond walls and ends within a shell."""
    scenes = len(half)
    wide = torch.where(present[:, ROOM, None], half[:, :2] + 0.1, 0.9 * shell[:, None])
    table = torch.cat([uniform(generator, 0.6, 0.9, scenes, 2), torch.full((scenes, 1), TABLE_HALF)], -1)
    ground = torch.cat([wide, torch.full((scenes, 1), GROUND_HALF)], -1)
    sizes = torch.stack([table, ground, half, shell[:, None].expand(-1, 3)], 1)
    around = torch.stack([turns(generator, scenes), turn, turn, torch.eye(3).expand(scenes, 3, 3)], 1)
    return around * sizes[..., None, :]


def _scatter(generator: torch.Generator, scenes: int) -> Tensor:
    """Positions [S, THINGS, 2] of objects near the origin, nearest first, so that few objects are in the middle."""
    angle = uniform(generator, 0, 2 * torch.pi, scenes, THINGS)
    away = 0.55 * uniform(generator, 0, 1, scenes, THINGS).sqrt() * torch.linspace(0.4, 1.1, THINGS)
    return torch.stack([away * angle.cos(), away * angle.sin()], -1)


def _along_walls(generator: torch.Generator, half: Tensor, turn: Tensor) -> Tensor:
    """Positions [S, CLUTTER, 2] near the walls of rooms of half size [S, 3]."""
    scenes = len(half)
    place = uniform(generator, -0.9, 0.9, scenes, CLUTTER, 2)
    wall = torch.rand(scenes, CLUTTER, generator=generator) < 0.5
    at_wall = place.sign() * uniform(generator, 0.8, 0.95, scenes, CLUTTER, 1)
    place = torch.where(torch.stack([wall, ~wall], -1), at_wall, place)
    return (place * half[:, None, :2]) @ turn[:, :2, :2].mT


def _lowest(shape: Tensor, kind: Tensor) -> Tensor:
    """Distance [S, P] from the center of each solid down to its lowest point."""
    row = shape[..., 2, :]
    return torch.where(_is_round(kind), row.norm(dim=-1), row.abs().sum(-1))


def _is_round(kind: Tensor) -> Tensor:
    return torch.isin(kind, torch.tensor(ROUND))


def _stand(generator: torch.Generator, resting: Tensor) -> Tensor:
    """Heights [S, K] of centers: `resting` on the floor for most objects, up to 0.5 above for a third."""
    floats = torch.rand(resting.shape, generator=generator) < 0.33
    floats[:, THINGS:] = False
    return resting + floats * uniform(generator, 0, 0.5, *resting.shape)


def _bounding_radius(shape: Tensor, kind: Tensor) -> Tensor:
    """Radii [S, P] of the solids' bounding balls."""
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3).mT
    cube = (shape @ corners).norm(dim=-2).amax(-1)
    return torch.where(_is_round(kind), torch.linalg.matrix_norm(shape, 2), cube)


def _beside_cameras(shape: Tensor, center: Tensor, solids: Solids, position: Tensor) -> tuple[Tensor, Tensor]:
    """Shrink objects and clutter that would be too near a camera [S, V, 3]; returns linear maps and bounding radii [S, P]."""
    radius = _bounding_radius(shape, solids.kind)
    nearest = torch.cdist(center, position).amin(-1)
    factor = (0.75 * nearest / radius).clamp(max=1)
    factor[:, TABLE:] = 1
    return shape * factor[..., None, None], radius * factor


def _extent(shape: Tensor) -> Tensor:
    """Typical half sizes [S, P] of the solids: the median of three."""
    return shape.norm(dim=-2).median(-1).values


def _pixels(views: Views) -> Tensor:
    """Width [S, P] of a pixel in world units at each slot; surroundings are farther away."""
    distance = views.c2w[..., :3, 3].norm(dim=-1).mean(-1, keepdim=True)
    away = torch.where(torch.arange(SLOTS) < THINGS, 1.0, 1.6)
    away[TABLE] = 1.0
    return distance / views.intrinsics[..., 0].mean(-1, keepdim=True) * away
