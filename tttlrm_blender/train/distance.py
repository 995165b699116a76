# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact signed distances in procedural scenes: what is inside is known exactly, and how far the surface is from points on it.

Random lines cross a surface at points that are spread evenly over it (the Cauchy-Crofton formula), so crossings of random lines
sample all of it, what no camera sees and what lies in holes, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from ..progress import Listen, unheard
from .sampling import directions, uniform
from .shapes import length
from .solids import contains, normals
from .worlds import INSIDE, World

LINES, STEPS, BISECTIONS = 16384, 48, 16  # per solid; steps along a line, in which thinner parts can be missed
REACH = 3**0.5 + 0.01  # radius of a ball around every solid in its own coordinates
NEIGHBORS = 5  # nearest points to a point; within their distance, the surface around it counts as flat


@dataclass(frozen=True)
class Surface:
    """Points on all surfaces of one scene."""

    points: np.ndarray  # [N, 3] float32, world
    normals: np.ndarray  # [N, 3] float32, unit
    spacing: np.ndarray  # [N] float32, radius around the point that contains NEIGHBORS points


def sample_surface(generator: torch.Generator, world: World, listen: Listen = unheard) -> Surface:
    """Points on the surfaces of one scene: those of its solids that are not inside another one."""
    used = world.present.nonzero().flatten().tolist()
    found = []
    for slot in used:
        listen()
        points, normal = _crossings(generator, world, slot)
        hidden = torch.stack([inside(world, other, points) for other in used if other != slot] or [torch.zeros(len(points)) > 0])
        found.append((points[~hidden.any(0)], normal[~hidden.any(0)]))
    places, outward = (torch.cat(part).numpy() for part in zip(*found, strict=True))
    spacing = cKDTree(places).query(places, NEIGHBORS)[0][:, -1].astype(np.float32)
    return Surface(places, outward, spacing)


def signed_distance(world: World, surface: Surface, points: Tensor, most: float = np.inf) -> Tensor:
    """Distance [N] of points [N, 3] from the surface, negative inside of solids, of at most `most`."""
    away, nearest = cKDTree(surface.points).query(points.numpy(), distance_upper_bound=most)
    near = np.flatnonzero(np.isfinite(away))
    offset = points.numpy()[near] - surface.points[nearest[near]]
    plane = np.abs((offset * surface.normals[nearest[near]]).sum(-1))
    beside = np.sqrt(np.maximum(away[near] ** 2 - plane**2, 0))
    away = np.minimum(away, most)
    away[near] = np.where(beside < surface.spacing[nearest[near]], plane, away[near])
    slots = world.present.nonzero().flatten().tolist()
    solid = torch.stack([inside(world, slot, points) for slot in slots]).any(0)
    return torch.where(solid, -1.0, 1.0) * torch.from_numpy(away).float()


def inside(world: World, slot: int, points: Tensor) -> Tensor:
    """Mask [N] of the points [N, 3] inside of a solid; of one that surrounds the cameras, those outside of its shape."""
    local = world.frame[slot] @ (points - world.center[slot]).mT
    within = contains(world.solids.at(slot), local)
    return ~within if slot >= INSIDE else within


def _crossings(generator: torch.Generator, world: World, slot: int) -> tuple[Tensor, Tensor]:
    """Points [N, 3] at which random lines cross the surface of a solid, and unit normals [N, 3] there."""
    within, frame = partial(contains, world.solids.at(slot)), world.frame[slot]
    start, way = _lines(generator, frame)
    time = torch.linspace(-REACH, REACH, STEPS + 1)
    places = start[:, :, None] + way[:, :, None] * time  # [3, L, STEPS + 1]
    full = within(places.flatten(1)).view(places.shape[1:])
    line, step = (full[:, 1:] != full[:, :-1]).nonzero().mT
    start, way, first = start[:, line], way[:, line], full[line, step]
    low, size = time[step], (time[1] - time[0]).expand(len(step))
    for _ in range(BISECTIONS):
        size = size / 2
        low = torch.where(within(start + (low + size) * way) == first, low + size, low)
    local = start + (low + size / 2) * way
    normal = frame.mT @ normals(world.solids.at(slot), local)
    points = (torch.linalg.inv(frame) @ local).mT + world.center[slot]
    return points, (normal / length(normal).clamp(min=1e-12)).mT


def _lines(generator: torch.Generator, frame: Tensor) -> tuple[Tensor, Tensor]:
    """Random lines through a solid: the points [3, L] where they are nearest to its center, and unit directions [3, L]."""
    way = directions(generator, LINES).mT
    aside = torch.linalg.cross(way, directions(generator, LINES).mT, dim=0)
    radius = REACH * uniform(generator, 0, 1, LINES).sqrt()
    return radius * aside / length(aside).clamp(min=1e-12), way
