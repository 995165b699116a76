# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete depth maps by the planes of a scene, where too few photos see a surface, or too faintly, to confirm its depth.

The ground at the borders of photos, floors in the shade and walls under eaves often continue a plane that is known elsewhere.
Each open pixel takes the plane on which other photos show its color best, as in piecewise planar stereo (Gallup et al. 2010).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter

from ..geometry.planes import SEED, Plane, Search, extent, find_planes
from ..kernels import kernel, spread
from ..progress import Listen, unheard
from .agreement import TOLERANCE, agreeing
from .depth_maps import MIN_COSINE, DepthMaps, rays, surface_points

SAMPLE, STRIDE = 8000, 4  # points that planes are found in, of those of every fourth row and column
SEARCH = Search(thickness=0.004, enough=0.015, most=10, tries=1000)  # finer than usual, as dense depth is
OUTER = 0.01  # share of a plane's points at either end, along either axis, that may be strays
REACH = 0.5  # how far a plane goes on beyond its points at either end, relative to half their extent
PARALLEL, APART = 0.03, 5.0  # differences of normals, and of offsets in thicknesses, below which planes are one
CLOSE = 0.2  # largest relative difference from the depth of the splats: farther planes are those of something else
WINDOW = 5  # side in pixels of the squares whose mean colors are compared
AROUND = 9  # side of the squares of pixels that choose together
ALIKE = 8  # mean difference of colors, 0 to 255, at which a photo is undecided
CONFIRMING = 1  # other views that must have the same surface, since each chooses planes on its own


def completed(
    agreed: DepthMaps,  # with confidence where views agree
    splats: DepthMaps,  # the same views, with the depth of splats
    photos: np.ndarray,  # [V, H, W, 3] uint8, sRGB
    faith: float,  # in planes, relative to the depth of photos
    listen: Listen = unheard,
) -> DepthMaps:
    """The maps with the depth of planes where they had no confidence, as far as colors and another view confirm it.

    Nothing is added where splats show nothing.
    """
    planes = known_planes(agreed)
    depth, confidence = agreed.depth.copy(), agreed.confidence.copy()
    colors = np.stack([uniform_filter(photo, (WINDOW, WINDOW, 0)) for photo in photos])
    for view in range(len(agreed)):
        listen()
        found, cosine = plane_depth(view, planes, agreed, splats.depth[view], colors)
        depth[view] = np.where(found > 0, found, depth[view])
        confidence[view] += np.float32(faith) * cosine
    confirmed = agreeing(replace(agreed, depth=depth, confidence=confidence), listen, CONFIRMING)
    return replace(confirmed, confidence=np.where(agreed.confidence > 0, agreed.confidence, confirmed.confidence))


class Field(NamedTuple):
    """A plane as far as it goes: its points x have normal · x = offset, and |axes · (x − center)| ≤ 1 along both axes."""

    normal: np.ndarray  # [3], of unit length
    offset: float
    center: np.ndarray  # [3]
    axes: np.ndarray  # [2, 3]


def known_planes(maps: DepthMaps) -> list[Field]:
    """The large planes among the surfaces of depth maps, in the world."""
    points = np.concatenate(list(surface_points(maps, STRIDE)))
    if not len(points):
        return []
    points = points[np.random.default_rng(SEED).permutation(len(points))[:SAMPLE]]
    center, radius = extent(points)
    planes: list[Plane] = []
    fields: list[Field] = []
    left = (points - center) / radius
    for plane in find_planes(left, SEARCH):
        inside = np.abs(left @ plane.normal - plane.offset) < SEARCH.thickness
        if not any(_same(plane, larger) for larger in planes):
            planes.append(plane)
            offset = plane.offset * radius + float(plane.normal @ center)
            fields.append(Field(plane.normal, offset, *_reach(left[inside] * radius + center)))
        left = left[~inside]
    return fields


def _reach(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far the plane of points [N, 3] goes: its center [3], and its two axes [2, 3], divided by its half sides."""
    mean = points.mean(axis=0)
    axes = np.linalg.svd(points - mean, full_matrices=False)[2][:2]
    low, high = np.quantile((points - mean) @ axes.T, [OUTER, 1 - OUTER], axis=0)
    half = (high - low) / 2 * (1 + REACH)
    return mean + (low + high) / 2 @ axes, axes / np.maximum(half, 1e-9)[:, None]


def _same(first: Plane, second: Plane) -> bool:
    """Whether two planes in a scene of radius 1 are one, of which one has the scattered rest of the points."""
    turned = float(np.sign(first.normal @ second.normal))
    apart = abs(first.offset - turned * second.offset)
    return float(np.abs(first.normal - turned * second.normal).max()) < PARALLEL and apart < APART * SEARCH.thickness


def plane_depth(
    view: int,
    planes: list[Field],
    maps: DepthMaps,
    splats: np.ndarray,  # [H, W], depth of the splats in this view
    colors: np.ndarray,  # [V, H, W, 3] uint8
) -> tuple[np.ndarray, np.ndarray]:  # [H, W] float32 each
    """Depth of the best plane at a view's pixels without confidence, and the cosine between ray and normal; 0 where none is."""
    directions = rays(maps.cameras.intrinsics[view], *splats.shape)
    lengths = np.linalg.norm(directions, axis=-1)
    is_open = (maps.confidence[view] <= 0) & (splats > 0)
    found, cosine, best = (np.zeros(splats.shape, np.float32) for _ in range(3))
    c2w = maps.cameras.c2w[view]
    for field, plane in zip(planes, inverse_planes(planes, c2w), strict=True):
        inverse = directions @ plane
        facing = inverse / (lengths * np.linalg.norm(plane))
        tried = is_open & (facing > MIN_COSINE)
        tried[tried] = np.abs(1 / (inverse[tried] * splats[tried]) - 1) <= CLOSE
        points = directions[tried] / inverse[tried, None] @ c2w[:3, :3].T + c2w[:3, 3]
        tried[tried] = (np.abs((points - field.center) @ field.axes.T) <= 1).all(axis=-1)
        depth = np.divide(1, inverse, out=np.zeros_like(inverse), where=tried)
        opinion = _mean_around(votes(view, depth, maps, colors), tried)
        better = tried & (opinion > best)
        found[better], cosine[better], best[better] = depth[better], facing[better], opinion[better]
    return found, cosine


def _mean_around(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The mean around each pixel of those [H, W] that count."""
    total, count = (uniform_filter(np.asarray(each, np.float32), AROUND) for each in (np.where(counted, values, 0), counted))
    return total / np.maximum(count, 1e-6)


def inverse_planes(planes: list[Field], c2w: np.ndarray) -> np.ndarray:
    """Planes as [N, 3] float32 in camera axes: the inverse depth along a ray with z = 1 is the product with the ray."""
    rows = [plane.normal @ c2w[:3, :3] / (plane.offset - plane.normal @ c2w[:3, 3]) for plane in planes]
    return np.array(rows, np.float32).reshape(-1, 3)


def votes(view: int, tried: np.ndarray, maps: DepthMaps, colors: np.ndarray) -> np.ndarray:
    """The sum [H, W] float32 of what other views say to depths [H, W] of a view, 0 for none: from 1, yes, to −1, no, each.

    A view says nothing where something that is known blocks it.
    """
    result = np.zeros(tried.shape, np.float32)
    relative = (maps.world_to_cameras @ maps.cameras.c2w[view]).astype(np.float32)
    directions = rays(maps.cameras.intrinsics[view], *tried.shape)
    arrays = maps.depth, maps.confidence, colors, relative, maps.cameras.intrinsics.astype(np.float32)
    spread(_count_votes, len(tried), view, tried, directions, *arrays, result, pieces=4)
    return result


@kernel
def _count_votes(first, last, view, tried, directions, depth, confidence, colors, relative, intrinsics, result):
    """Count for the rows of pixels from `first` up to `last` of a view."""
    for row in range(first, last):
        for column in range(tried.shape[1]):
            own, d = tried[row, column], directions[row, column]
            if not own > 0:
                continue
            x, y, z = own * d[0], own * d[1], own * d[2]
            for other in range(len(depth)):
                m, lens = relative[other], intrinsics[other]
                c = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
                if other == view or not c > 0:
                    continue
                u = lens[0] * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]) / c + lens[2]
                v = lens[1] * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]) / c + lens[3]
                if not (u >= 0 and v >= 0 and u < depth.shape[2] and v < depth.shape[1]):
                    continue
                i, j = int(v), int(u)
                farther = depth[other, i, j] / c - 1 if confidence[other, i, j] > 0 else np.float32(0)
                if farther >= TOLERANCE:
                    result[row, column] -= 1
                elif farther > -TOLERANCE:
                    difference = np.float32(0)
                    for channel in range(3):
                        seen, wanted = colors[other, i, j, channel], colors[view, row, column, channel]
                        difference += abs(np.float32(seen) - np.float32(wanted))
                    result[row, column] += max(1 - difference / (3 * ALIKE), np.float32(-1))


def votes_reference(view: int, tried: np.ndarray, maps: DepthMaps, colors: np.ndarray) -> np.ndarray:
    """`votes` in plain numpy."""
    height, width = tried.shape
    c2w, result = maps.cameras.c2w[view], np.zeros(tried.shape)
    world = (rays(maps.cameras.intrinsics[view], height, width) * tried[..., None]) @ c2w[:3, :3].T + c2w[:3, 3]
    for other in set(range(len(maps))) - {view}:
        pose, lens = maps.world_to_camera(other), maps.cameras.intrinsics[other]
        local = world @ pose[:3, :3].T + pose[:3, 3]
        place = np.floor(local[..., :2] / local[..., 2:] * lens[:2] + lens[2:])
        inside = (tried > 0) & (local[..., 2] > 0) & (place >= 0).all(-1) & (place < [width, height]).all(-1)
        j, i = np.where(inside[..., None], place, 0).astype(int).transpose(2, 0, 1)
        farther = np.where(maps.confidence[other][i, j] > 0, maps.depth[other][i, j] / local[..., 2] - 1, 0)
        alike = 1 - np.abs(colors[other][i, j].astype(float) - colors[view]).mean(-1) / ALIKE
        vote = np.where(farther >= TOLERANCE, -1, np.where(farther > -TOLERANCE, alike.clip(-1), 0))
        result += np.where(inside, vote, 0)
    return result
