# SPDX-License-Identifier: GPL-3.0-or-later
"""Painting an atlas with what the views show of the surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from ..photos.load import PhotoSet
from ..progress import Report
from ..render.cpu.parallel import kernel, spread
from .depth_maps import DepthMaps
from .mesh import Mesh, vertex_normals
from .tsdf import sample
from .unwrap import Atlas

SHARPNESS = 2.0  # exponent of the pixels that a view spends on a texel: how far the views that show most of it prevail


@dataclass(frozen=True)
class Texels:
    """T places on a surface."""

    points: np.ndarray  # [T, 3] float32, world units
    normals: np.ndarray  # [T, 3] float32
    colors: np.ndarray  # [T, 3] float32, sRGB 0 to 1, those of the vertices around


def bake(
    mesh: Mesh,
    atlas: Atlas,
    maps: DepthMaps,
    photos: PhotoSet | None,  # of the same views, for their colours; None for the colours of the maps
    tolerance: float,  # world units between a texel and the surface that a view shows there
    report: Report,
) -> np.ndarray:  # [size, size, 3] uint8, sRGB, the first row at the top
    """The picture for an atlas. Texels that no view sees take the vertices' colours, those without a face the nearest texel's.

    Raises `Cancelled`.
    """
    covered = atlas.front >= 0
    texels = _texels(mesh, atlas, covered)
    total = np.zeros((len(texels.points), 4), dtype=np.float32)
    for view in range(len(maps)):
        report("bake texture", view / len(maps))
        add_view(total, texels, maps, photos, view, tolerance)
    colors = np.where(total[:, 3:] > 0, total[:, :3] / np.maximum(total[:, 3:], 1e-20), texels.colors)
    report("bake texture", 1)
    return _filled(np.round(colors.clip(0, 1) * 255).astype(np.uint8), covered)[::-1]


def _texels(mesh: Mesh, atlas: Atlas, covered: np.ndarray) -> Texels:
    """The texels that have a face, row by row."""
    faces = atlas.front[covered]
    rows, columns = np.nonzero(covered)
    shares = _shares(atlas.corners[faces], np.stack([columns, rows], axis=1) + 0.5).astype(np.float32)
    normals = vertex_normals(mesh)
    values = (np.einsum("tc,tci->ti", shares, of[mesh.faces[faces]]) for of in (mesh.vertices, normals, mesh.colors))
    return Texels(*values)


def _shares(
    triangles: np.ndarray,  # [T, 3, 2]
    places: np.ndarray,  # [T, 2]
) -> np.ndarray:  # [T, 3]
    """How much of each corner there is at a place, or at the nearest inside where it lies outside of its triangle."""
    x, y = np.moveaxis(triangles - places[:, None], -1, 0)
    shares = np.stack([x[:, i] * y[:, j] - x[:, j] * y[:, i] for i, j in ((1, 2), (2, 0), (0, 1))], axis=1)
    shares = np.maximum(shares * np.sign(shares.sum(axis=1, keepdims=True)), 0)
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.maximum(total, 1e-300), 1 / 3)


def _filled(
    colors: np.ndarray,  # [T, 3] uint8
    covered: np.ndarray,  # [size, size] bool
) -> np.ndarray:  # [size, size, 3]
    """The picture of covered texels, in which others have the colour of the nearest: smaller copies of it mix neighbours."""
    picture = np.zeros((*covered.shape, 3), dtype=np.uint8)
    picture[covered] = colors
    rows, columns = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return picture[rows, columns]


def add_view(total: np.ndarray, texels: Texels, maps: DepthMaps, photos: PhotoSet | None, view: int, tolerance: float) -> None:
    """Add weight times colour, and weight, of the pixels that show the texels to `total` [T, 4], in place."""
    spread(_add_view, len(texels.points), total, texels.points, texels.normals, *_seen_by(view, maps, photos), np.float32(tolerance))


def _seen_by(view: int, maps: DepthMaps, photos: PhotoSet | None) -> tuple[np.ndarray, ...]:
    """What `_add_view` needs of a view: pose, depth and trust with their intrinsics, colours and their weights with theirs."""
    pose, depths = maps.world_to_camera(view).astype(np.float32), maps.cameras.intrinsics[view].astype(np.float32)
    if photos is None:
        colors, weights, intrinsics = maps.color[view] / np.float32(255), None, depths
    else:
        colors, intrinsics = photos.images[view], photos.cameras.intrinsics[view].astype(np.float32)
        weights = None if photos.weights is None else photos.weights[view]
    if weights is None:
        weights = np.ones(colors.shape[:2], dtype=np.float32)
    return pose, depths, maps.depth[view], maps.trust[view], intrinsics, colors, weights


@kernel
def _add_view(first, last, total, points, normals, pose, depths, depth, trust, intrinsics, colors, weights, tolerance):
    """The texels from `first` up to `last`.

    A view counts for its trust times how closely its surface lies to the texel, and for the pixels that it spends on a texel:
    the cosine over the squared distance, in focal lengths.
    """
    for t in range(first, last):
        p, n = points[t], normals[t]
        x = pose[0, 0] * p[0] + pose[0, 1] * p[1] + pose[0, 2] * p[2] + pose[0, 3]
        y = pose[1, 0] * p[0] + pose[1, 1] * p[1] + pose[1, 2] * p[2] + pose[1, 3]
        z = pose[2, 0] * p[0] + pose[2, 1] * p[1] + pose[2, 2] * p[2] + pose[2, 3]
        if z <= 0:
            continue
        u, v = x / z, y / z
        half = np.float32(0.5)
        surface, believed = sample(depth, trust, depths[0] * u + depths[2] - half, depths[1] * v + depths[3] - half)
        off = (surface - z) / tolerance
        if believed <= 0 or abs(off) >= 1:
            continue
        nx = pose[0, 0] * n[0] + pose[0, 1] * n[1] + pose[0, 2] * n[2]
        ny = pose[1, 0] * n[0] + pose[1, 1] * n[1] + pose[1, 2] * n[2]
        nz = pose[2, 0] * n[0] + pose[2, 1] * n[1] + pose[2, 2] * n[2]
        cosine = -(nx * u + ny * v + nz) / np.sqrt(u * u + v * v + 1)
        column, row = intrinsics[0] * u + intrinsics[2] - half, intrinsics[1] * v + intrinsics[3] - half
        if cosine <= 0 or row < 0 or column < 0 or row > colors.shape[0] - 1 or column > colors.shape[1] - 1:
            continue
        spent = cosine * intrinsics[0] * intrinsics[1] / (z * z)
        weight = believed * (1 - off * off) * spent**SHARPNESS
        i, j = min(int(row), colors.shape[0] - 2), min(int(column), colors.shape[1] - 2)
        s, q = column - j, row - i
        for k, share in ((0, (1 - s) * (1 - q)), (1, s * (1 - q)), (2, (1 - s) * q), (3, s * q)):
            a, b = i + k // 2, j + k % 2
            w = weight * share * weights[a, b]
            total[t, 3] += w
            for channel in range(3):
                total[t, channel] += w * colors[a, b, channel]
