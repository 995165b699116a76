# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural scenes for the decoder of surfaces: a frozen network's memory, and exact signed distances and colors at points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..geometry.cameras import Cameras
from ..geometry.rays import camera_rays, pixel_centers
from ..geometry.similarity import Similarity, normalize
from ..model.memory import SceneMemory, encode
from ..model.network import TttLRM
from ..model.surface import TRUNCATION, unit_of
from .casting import draw
from .distance import sample_surface, signed_distance
from .layouts import Views, sample_views
from .sampling import generator_for, uniform
from .worlds import World, sample_world

POINTS = 16384  # of a scene
NEAR = 0.7  # share of points around surfaces; the others are on the way to them, or behind
SPREAD = 0.6  # standard deviation of the distance of points around surfaces, in truncations
BEYOND = 3.0  # pixels farther away than so many distances of the cameras from the scene teach nothing
SIZES = ((128, 128), (160, 128), (192, 192), (256, 256))  # width and height
VIEWS, MOST_PIXELS = (4, 6, 8, 12, 16), 270_000  # of all views
OTHERS = 2  # views that the network does not see, for colors


@dataclass(frozen=True)
class SurfaceScene:
    """One scene in the normalized frame: what the network knows, and N points of which everything is known."""

    memory: SceneMemory
    points: Tensor  # [N, 3]
    distance: Tensor  # [N], signed, in truncations, −1 to 1
    places: Tensor  # [M, 3], on surfaces that views show which the network has not seen
    colors: Tensor  # [M, 3] there, 0 to 1


def make_surface_scene(model: TttLRM, seed: int, number: int) -> SurfaceScene:
    """One scene of a seed, encoded by the network."""
    generator = generator_for(seed, number)
    size, views = _shape(generator)
    cameras = sample_views(generator, 1, views + OTHERS, size, views)
    world = sample_world(generator, cameras).at(0)
    images, depth = draw(world, cameras.at(0), size, 2)
    seen, similarity = _normalized(cameras, views, size)
    memory = encode(model, images[:views].numpy(), seen.c2w, seen.intrinsics)
    unit = float(unit_of(memory)) / similarity.scale
    shown, color = _shown(generator, cameras.at(0), images, depth, BEYOND * unit)
    points, distance = _measured(generator, world, cameras.at(0), shown, TRUNCATION * unit)
    places = _moved(similarity, shown[views:].flatten(0, 1))
    return SurfaceScene(memory, _moved(similarity, points), distance, places, color[views:].flatten(0, 1))


def _shape(generator: torch.Generator) -> tuple[tuple[int, int], int]:
    """A size of pictures and a number of views."""
    shapes = [(size, views) for size in SIZES for views in VIEWS if views * size[0] * size[1] <= MOST_PIXELS]
    return shapes[int(torch.randint(len(shapes), (), generator=generator))]


def _normalized(cameras: Views, views: int, size: tuple[int, int]) -> tuple[Cameras, Similarity]:
    """The first views of one scene in the network's frame, and the similarity that maps the world to it."""
    c2w, intrinsics = (part[0, :views].numpy().astype(np.float64) for part in (cameras.c2w, cameras.intrinsics))
    return normalize(Cameras(c2w, intrinsics, np.tile(np.array(size), (views, 1))))


def _moved(similarity: Similarity, points: Tensor) -> Tensor:
    return torch.from_numpy(similarity.points(points.double().numpy())).float()


def _shown(generator: torch.Generator, cameras: Views, images: Tensor, depth: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Points [V, K, 3] that each view shows, up to a depth, and their colors [V, K, 3]; some twice where it shows little.

    A view that shows nothing gives points of another one.
    """
    count = -(-POINTS // len(depth))
    rays = camera_rays(pixel_centers(depth.shape[1], depth.shape[2], depth), cameras.intrinsics[:, None, None])
    points = (depth[..., None] * rays) @ cameras.c2w[:, None, :3, :3].mT + cameras.c2w[:, None, None, :3, 3]
    kept = (depth > 0) & (depth < most)
    found = []
    for view in range(len(depth)):
        view = view if kept[view].any() else int(kept.flatten(1).sum(1).argmax())
        index = kept[view].flatten().nonzero()[:, 0]
        index = index[torch.randint(len(index), (count,), generator=generator)]
        found.append((points[view].flatten(0, 1)[index], images[view].flatten(0, 1)[index]))
    shown, color = (torch.stack(part) for part in zip(*found, strict=True))
    return shown, color


def _measured(
    generator: torch.Generator, world: World, cameras: Views, shown: Tensor, truncation: float
) -> tuple[Tensor, Tensor]:
    """World points [N, 3] around the `shown` ones [V, K, 3] and on the way to them, and distances [N] in truncations."""
    noise = SPREAD * truncation * torch.randn(shown.shape, generator=generator)
    share = uniform(generator, 0, 1, *shown.shape[:2], 1)
    way = torch.lerp(cameras.c2w[:, None, :3, 3], shown, 0.5 + 0.7 * share)
    near = uniform(generator, 0, 1, *shown.shape[:2], 1) < NEAR
    points = torch.where(near, shown + noise, way).flatten(0, 1)
    return points, signed_distance(world, sample_surface(generator, world), points, truncation) / truncation
