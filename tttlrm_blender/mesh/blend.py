# SPDX-License-Identifier: GPL-3.0-or-later
"""Blend the colors that pictures show of points on a surface, in two bands.

Coarse colors are the mean of all pictures that see a point, so that seams are level. In fine detail weights count to the third
power, so it comes mostly from the picture that sees the point best, and stays sharp where the geometry leaves a pixel of doubt
(Burt and Adelson 1983; Baumberg 2002). Weights change smoothly over the surface, and fall to almost nothing toward the edges of
what a picture shows, at its border and where a nearer surface hides another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter, uniform_filter

from ..kernels import kernel, spread
from .pictures import Picture, Pictures
from .visibility import draw_depth

COARSE = 7  # pixels along the side of the box whose mean, taken twice, is the coarse band
FEATHER = 8  # pixels from an edge over which weights rise
LEAST = 1e-2  # of the weight, at an edge
JUMP = 10.0  # pixels' widths of depth between neighbors that make an edge
SLACK = 1.5  # pixels' widths of depth, over the cosine, by which a point may lie behind what a picture shows
STEEPEST = 0.1  # cosine of the view; more grazing ones show nothing


@dataclass(frozen=True)
class Points:
    """T points on a surface."""

    points: np.ndarray  # [T, 3] float32, world units
    normals: np.ndarray  # [T, 3] float32


def blended(
    points: Points,
    vertices: np.ndarray,  # [N, 3], of the mesh that hides points from pictures
    faces: np.ndarray,  # [M, 3]
    pictures: Pictures,
    spacing: float,  # of points, world units: finer pictures are reduced, as they would alias
    hear: Callable[[float], None] = lambda share: None,
) -> tuple[np.ndarray, np.ndarray]:
    """The colors of points, [T, 3] float32, sRGB, and whether any picture sees them, [T] bool. Raises `TttlrmError`.

    `hear` is told what share of the pictures is done.
    """
    total = np.zeros((len(points.points), 8), np.float32)
    for view, c2w in enumerate(pictures.cameras.c2w):
        hear(view / len(pictures.cameras))
        w2c = np.linalg.inv(c2w)
        seen = vertices @ w2c[:3, :3].T + w2c[:3, 3]
        picture = pictures.read(view, _shrink(seen, pictures.cameras.intrinsics[view], pictures.cameras.sizes[view], spacing))
        hear((view + 0.3) / len(pictures.cameras))
        depth = draw_depth(seen, faces, picture.intrinsics, picture.size)
        hear((view + 0.5) / len(pictures.cameras))
        add_picture(total, points, w2c, picture, depth, spacing)
    seen_by_any = total[:, 3] > 0
    coarse, fine = (band[:, :3] / np.maximum(band[:, 3:], 1e-30) for band in (total[:, :4], total[:, 4:]))
    return np.where(seen_by_any[:, None], coarse + fine, 0).clip(0, 1), seen_by_any


def _shrink(seen: np.ndarray, intrinsics: np.ndarray, size: np.ndarray, spacing: float) -> float:
    """By how much a picture has more pixels than the nearest points, in camera axes [N, 3], at this spacing need."""
    shown = seen[seen[:, 2] > 0]
    places = shown[:, :2] / shown[:, 2:] * intrinsics[:2] + intrinsics[2:]
    inside = shown[((places >= 0) & (places <= size)).all(axis=1)]
    return float(np.percentile(inside[:, 2], 10) ** -1 * intrinsics[0] * spacing) if len(inside) else 1.0


def add_picture(
    total: np.ndarray,  # [T, 8] float32, changed in place: colors times weight, and weight, of the coarse band and of the fine
    points: Points,
    w2c: np.ndarray,  # [4, 4]
    picture: Picture,
    depth: np.ndarray,  # [H, W], of the mesh
    spacing: float,
) -> None:
    """Add what a picture shows of points."""
    spread(
        _add,
        len(points.points),
        total,
        points.points,
        points.normals,
        *prepared(w2c, picture, depth),
        np.float32(spacing),
        pieces=4,
    )


def prepared(w2c: np.ndarray, picture: Picture, depth: np.ndarray) -> tuple[np.ndarray, ...]:
    """World to camera [4, 4], intrinsics [4], depth [H, W], colors of both bands [H, W, 6] and weights [H, W], all float32."""
    weights = edge_weights(depth, picture.intrinsics, picture.weights)
    counts = np.ones((1, 1, 1), np.float32) if picture.weights is None else picture.weights[..., None]
    coarse = _smooth(picture.image * counts)
    if picture.weights is not None:
        coarse /= np.maximum(_smooth(counts), 1e-6)
    bands = np.concatenate([coarse, picture.image - coarse], axis=-1)
    return w2c.astype(np.float32), picture.intrinsics.astype(np.float32), depth, bands, weights


def edge_weights(
    depth: np.ndarray,  # [H, W], infinite where there is no surface
    intrinsics: np.ndarray,  # [4]
    weights: np.ndarray | None,  # [H, W]
) -> np.ndarray:  # [H, W] float32, 0 to 1
    """How much pixels count: less near edges, nothing where there is no surface or `weights` are 0."""
    nearest, farthest = minimum_filter(depth, 3), maximum_filter(depth, 3)
    usable = np.isfinite(farthest)
    usable[usable] = farthest[usable] - nearest[usable] < JUMP * nearest[usable] / intrinsics[0]
    if weights is not None:
        usable &= weights > 0.5
    usable[[0, -1]] = usable[:, [0, -1]] = False
    feathered = np.minimum(distance_transform_edt(usable) / FEATHER, 1).astype(np.float32)
    counts = np.isfinite(depth) if weights is None else weights
    return np.maximum(feathered, np.float32(LEAST)) * counts


def _smooth(image: np.ndarray) -> np.ndarray:
    """An image [H, W, C] with the means of its surroundings."""
    return uniform_filter(uniform_filter(image, (COARSE, COARSE, 1)), (COARSE, COARSE, 1))


@kernel
def _add(first, last, total, points, normals, pose, lens, depth, bands, weights, spacing):
    """Process the points from `first` up to `last`."""
    half = np.float32(0.5)
    for t in range(first, last):
        p, n = points[t], normals[t]
        z = pose[2, 0] * p[0] + pose[2, 1] * p[1] + pose[2, 2] * p[2] + pose[2, 3]
        if z <= 0:
            continue
        x = (pose[0, 0] * p[0] + pose[0, 1] * p[1] + pose[0, 2] * p[2] + pose[0, 3]) / z
        y = (pose[1, 0] * p[0] + pose[1, 1] * p[1] + pose[1, 2] * p[2] + pose[1, 3]) / z
        column, row = lens[0] * x + lens[2] - half, lens[1] * y + lens[3] - half
        if not (row >= 0 and column >= 0 and row <= depth.shape[0] - 1 and column <= depth.shape[1] - 1):
            continue
        nx = pose[0, 0] * n[0] + pose[0, 1] * n[1] + pose[0, 2] * n[2]
        ny = pose[1, 0] * n[0] + pose[1, 1] * n[1] + pose[1, 2] * n[2]
        nz = pose[2, 0] * n[0] + pose[2, 1] * n[1] + pose[2, 2] * n[2]
        cosine = -(nx * x + ny * y + nz) / np.sqrt(x * x + y * y + 1)
        if not cosine > STEEPEST:
            continue
        i, j = min(int(row), depth.shape[0] - 2), min(int(column), depth.shape[1] - 2)
        nearest = min(min(depth[i, j], depth[i, j + 1]), min(depth[i + 1, j], depth[i + 1, j + 1]))
        if z > nearest + SLACK * z / (lens[0] * cosine):
            continue
        s, q = column - j, row - i
        density = cosine * lens[0] * spacing / z
        for k, share in ((0, (1 - s) * (1 - q)), (1, s * (1 - q)), (2, (1 - s) * q), (3, s * q)):
            a, b = i + k // 2, j + k % 2
            weight = weights[a, b] * cosine * density
            chosen = share * weight * weight * weight
            weight *= share
            total[t, 3] += weight
            total[t, 7] += chosen
            for channel in range(3):
                total[t, channel] += weight * bands[a, b, channel]
                total[t, 4 + channel] += chosen * bands[a, b, 3 + channel]
