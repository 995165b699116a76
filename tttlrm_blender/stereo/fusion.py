# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense points: the depth maps of all photos as one set of points, thinned to what photos of their size can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..photos.load import PhotoSet
from .dense import DenseDepth, resized, world_points

STRIDE = 2  # pixels between those that are used, along each axis
FINEST, STEPS = 1.5, 8  # side of the smallest cells in pixels, and how often cells may grow until points are few enough
PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], np.uint64).view(np.int64)
GROW = 1.4  # ratio of one size of cells to the next


@dataclass(frozen=True)
class DensePoints:
    """N points on the surfaces of a scene, in the world of the cameras."""

    means: np.ndarray  # [N, 3] float32
    colors: np.ndarray  # [N, 3] float32, sRGB, 0 to 1
    normals: np.ndarray  # [N, 3] float32, unit, to the cameras' side
    spacing: np.ndarray  # [N] float32, about the distance to the next point

    def __len__(self) -> int:
        return len(self.means)


def dense_points(found: DenseDepth, photos: PhotoSet, most: int) -> DensePoints:
    """The confirmed pixels of all photos, as the means of at most about `most` cells.

    Cells are larger where the photos' pixels are, and grow until there are few enough.
    """
    rows, side = _pixels(found, photos), FINEST
    for _ in range(STEPS):
        cells, sizes = _cells(rows[:, :3], rows[:, 9] * side)
        _, first, cell = np.unique(cells, return_index=True, return_inverse=True)
        if len(first) <= most:
            break
        side *= max(GROW, (len(first) / most) ** 0.5)
    return _means(rows, cell, sizes[first])


def _pixels(found: DenseDepth, photos: PhotoSet) -> np.ndarray:
    """Of every confirmed pixel place, color, normal, and the side of a pixel there: [N, 10] float32."""
    height, width = found.depth.shape[1:]
    parts = [np.empty((0, 10), np.float32)]
    for view in range(len(found)):
        image = resized(torch.from_numpy(photos.images[[view]]), height, width)[0].numpy()
        side = found.depth[view] / found.cameras.intrinsics[view, :2].mean()
        table = np.concatenate([world_points(found, view), image, found.normal[view], side[..., None]], -1, dtype=np.float32)
        used = found.confidence[view, ::STRIDE, ::STRIDE] > 0
        parts.append(table[::STRIDE, ::STRIDE][used])
    return np.concatenate(parts)


def _cells(means: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers [N] of the cells of points [N, 3], with sides that are powers of 2 near those wanted [N]; and the sides."""
    level = np.round(np.log2(wanted))
    sizes = 2**level
    places = np.concatenate([level[:, None], np.floor(means / sizes[:, None])], 1).astype(np.int64)
    return (places * PRIMES).sum(1), sizes  # wraps around; two cells with one number are next to impossible


def _means(rows: np.ndarray, cell: np.ndarray, sizes: np.ndarray) -> DensePoints:
    """The mean of the rows [N, 10] of each of M cells, by the index [N] of their cell."""
    count = np.bincount(cell, minlength=len(sizes))
    mean = np.stack([np.bincount(cell, column, len(sizes)) / count for column in rows[:, :9].T], 1).astype(np.float32)
    normals = mean[:, 6:] / np.maximum(np.linalg.norm(mean[:, 6:], axis=1, keepdims=True), 1e-6)
    return DensePoints(mean[:, :3], mean[:, 3:6], normals, sizes.astype(np.float32))
