# SPDX-License-Identifier: GPL-3.0-or-later
"""The sky in photos, which is no surface, although splats show it at any depth, often that of the roofs before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import label, maximum_filter

from ..geometry.up import up_direction
from .dense_depth import AROUND, CONTRAST, contrast
from .depth_maps import DepthMaps, rays

STRIDE, OTHERS = (
    8,
    16,
)  # pixels between those that are compared, along rows and columns, and most photos that each is compared with
FEWEST = 5  # pixels that two photos must share
UNLIKE = 2.0  # how much more colors differ at infinity than at the depth of the splats where these show walls


def without_sky(
    maps: DepthMaps,
    photos: np.ndarray,  # [V, H, W, 3] uint8, sRGB, of the same views
) -> DepthMaps:
    """The maps without depth in the sky; as they are where photos show plain walls and ceilings instead.

    Sky has the same color in the same direction, from wherever it is seen; a wall has it at the same place.
    """
    up = up_direction(maps.cameras.c2w, [])
    cameras = zip(maps.cameras.intrinsics, maps.cameras.c2w, strict=True)
    sky = np.stack([_sky(photo, lens, c2w, up) for photo, (lens, c2w) in zip(photos, cameras, strict=True)])
    if _unlike(maps, photos, sky, far=True) > UNLIKE * _unlike(maps, photos, sky, far=False):
        return maps
    return replace(maps, depth=np.where(sky, 0, maps.depth), confidence=np.where(sky, 0, maps.confidence))


def _sky(photo: np.ndarray, intrinsics: np.ndarray, c2w: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Where a photo may show sky [H, W]: regions above the horizon that have no contrast and reach the border of the photo.

    A region is one of squares without contrast, by their middles, as squares on either side of an edge touch: those of the sky
    and of a plain roof before it.
    """
    above = rays(intrinsics, *photo.shape[:2]) @ (up @ c2w[:3, :3]).astype(np.float32) > 0
    regions, _ = label((contrast(photo) < CONTRAST) & above)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    return maximum_filter(np.isin(regions, np.setdiff1d(border, 0)), AROUND) & above


def _unlike(maps: DepthMaps, photos: np.ndarray, sky: np.ndarray, far: bool) -> float:
    """The mean difference of colors between photos where both may show sky, at infinity or at the depth of the splats.

    What two photos differ by everywhere is exposure, and does not count. NaN where no two photos share anything.
    """
    found = [_differences(maps, photos, sky, pair, far) for pair in _pairs(len(maps))]
    return float(np.concatenate(found).mean()) if sum(map(len, found)) else np.nan


def _pairs(count: int) -> list[tuple[int, int]]:
    """Two views each."""
    step = max(1, count // OTHERS)
    return [(view, other) for view in range(count) for other in range(view % step, count, step) if other != view]


def _differences(maps: DepthMaps, photos: np.ndarray, sky: np.ndarray, pair: tuple[int, int], far: bool) -> np.ndarray:
    """The differences [n] of the colors of two views, less their median, averaged over the channels."""
    view, other = pair
    every = (slice(None, None, STRIDE),) * 2
    tried = sky[view][every] & (maps.depth[view][every] > 0)
    colors, depth = photos[view][every][tried], maps.depth[view][every][tried, None]
    relative = maps.world_to_camera(other) @ maps.cameras.c2w[view]
    directions = rays(maps.cameras.intrinsics[view], *sky.shape[1:])[every][tried]
    local = directions @ relative[:3, :3].T + (0 if far else relative[:3, 3] / depth)
    focal, middle = np.split(maps.cameras.intrinsics[other], 2)
    pixel = np.floor(local[:, :2] / np.maximum(local[:, 2:], 1e-6) * focal + middle)
    inside = (local[:, 2] > 0) & (pixel >= 0).all(axis=1) & (pixel < sky.shape[:0:-1]).all(axis=1)
    column, row = np.where(inside[:, None], pixel, 0).astype(int).T
    both = inside & sky[other][row, column]
    if both.sum() < FEWEST:
        return np.empty(0)
    differences = photos[other][row, column][both].astype(np.float32) - colors[both]
    return np.abs(differences - np.median(differences, axis=0)).mean(axis=1)
