# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuse depth maps into a truncated signed distance field (Curless and Levoy 1996)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..kernels import kernel
from .depth_maps import DepthMaps

TRUNCATION = 4.0  # voxels, in front of and behind a surface


@kernel
def integrate_grid(distance, weight, start, steps, intrinsics, inverse_truncation, depth, confidence, before, row) -> None:
    """Add one view to a grid [X, Y, Z] of distances and weights, in place.

    A grid point at depth z has the distance (d − z) / truncation, at most 1, to a surface at depth d; points further behind the
    surface than the truncation are hidden and stay unchanged, as do those more than `before` truncations in front of it.
    Distances are averaged, weighted by the pixels' confidence.
    `start` [3] is the first grid point in camera axes; the columns of `steps` [3, 3] are one voxel along each axis. `row` [3, Z]
    has room for a row of points: all are projected before any looks into the picture, in vector instructions.
    """
    half = np.float32(0.5)
    for i in range(distance.shape[0]):
        for j in range(distance.shape[1]):
            a, b = np.float32(i), np.float32(j)  # a product with a whole number would have double precision
            x0 = start[0] + a * steps[0, 0] + b * steps[0, 1]
            y0 = start[1] + a * steps[1, 0] + b * steps[1, 1]
            z0 = start[2] + a * steps[2, 0] + b * steps[2, 1]
            for k in range(distance.shape[2]):
                c = np.float32(k)
                z = z0 + c * steps[2, 2]
                row[0, k] = intrinsics[0] * (x0 + c * steps[0, 2]) / z + (intrinsics[2] - half)
                row[1, k] = intrinsics[1] * (y0 + c * steps[1, 2]) / z + (intrinsics[3] - half)
                row[2, k] = z
            for k in range(distance.shape[2]):
                signed, certainty = signed_depth(row[0, k], row[1, k], row[2, k], inverse_truncation, depth, confidence)
                if certainty > 0 and signed <= before:
                    total = weight[i, j, k] + certainty
                    distance[i, j, k] += (min(signed, np.float32(1)) - distance[i, j, k]) * certainty / total
                    weight[i, j, k] = total


@kernel
def signed_depth(u, v, z, inverse_truncation, depth, confidence) -> tuple[np.float32, np.float32]:
    """Distance in truncation lengths from a point to the surface along its ray, and confidence, both bilinear.

    Confidence is 0 for points that are hidden or outside, or if one of the four pixels has none.
    """
    nothing = np.float32(0), np.float32(0)
    if not (z > 0 and u >= 0 and v >= 0 and u < depth.shape[1] - 1 and v < depth.shape[0] - 1):  # nor is NaN anywhere
        return nothing
    column, row = np.int32(u), np.int32(v)
    s, t = u - np.float32(column), v - np.float32(row)
    upper = depth[row, column] + s * (depth[row, column + 1] - depth[row, column])
    lower = depth[row + 1, column] + s * (depth[row + 1, column + 1] - depth[row + 1, column])
    signed = (upper + t * (lower - upper) - z) * inverse_truncation
    if not signed >= -1:
        return nothing
    a, b = confidence[row, column], confidence[row, column + 1]
    c, d = confidence[row + 1, column], confidence[row + 1, column + 1]
    if min(min(a, b), min(c, d)) <= 0:
        return nothing
    trust_upper, trust_lower = a + s * (b - a), c + s * (d - c)
    return signed, trust_upper + t * (trust_lower - trust_upper)


@dataclass(frozen=True)
class Volume:
    """A truncated signed distance field on a whole grid, positive outside, negative inside: `blocks.Blocks` without blocks."""

    origin: np.ndarray  # [3] float64, world position of the first grid point
    voxel: float  # distance of grid points in world units
    distance: np.ndarray = field(repr=False)  # [X, Y, Z] float32, in truncation lengths, −1 to 1
    weight: np.ndarray = field(repr=False)  # [X, Y, Z] float32, sum of the confidence of all pixels that saw the point

    @property
    def truncation(self) -> float:
        """Largest distance from a surface that is stored, in world units."""
        return TRUNCATION * self.voxel


def integrate_reference(volume: Volume, maps: DepthMaps, view: int) -> None:
    """Add one view to a dense volume, in place, in plain numpy: `blocks.integrate` without blocks, slow."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in volume.distance.shape), indexing="ij"), axis=-1)
    pose = maps.world_to_camera(view)
    points = (volume.origin + volume.voxel * grid) @ pose[:3, :3].T + pose[:3, 3]
    z = points[..., 2]
    focal, middle = np.split(maps.cameras.intrinsics[view], 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = points[..., :2] / z[..., None] * focal + middle - 0.5
    corner = np.nan_to_num(np.floor(pixels), nan=-1).clip(-1, 1 << 20).astype(int)
    height, width = maps.depth[view].shape
    inside = (z > 0) & (corner >= 0).all(-1) & (corner < [width - 1, height - 1]).all(-1)
    corner, fraction = corner[inside], (pixels - corner)[inside]
    surface, certainty = np.zeros(len(corner)), np.zeros(len(corner))
    hidden = np.zeros(len(corner), dtype=bool)
    for right in (0, 1):
        for below in (0, 1):
            share = np.abs(1 - right - fraction[:, 0]) * np.abs(1 - below - fraction[:, 1])
            pixel = corner[:, 1] + below, corner[:, 0] + right
            surface += share * maps.depth[view][pixel]
            certainty += share * maps.confidence[view][pixel]
            hidden |= maps.confidence[view][pixel] <= 0
    signed = (surface - z[inside]) / volume.truncation
    certainty[hidden | (signed < -1) | (signed > maps.clear_before(view))] = 0
    before = volume.weight[inside]
    total = np.maximum(before + certainty, 1e-20)
    volume.distance[inside] = (volume.distance[inside] * before + np.minimum(signed, 1) * certainty) / total
    volume.weight[inside] = before + certainty
