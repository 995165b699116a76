# SPDX-License-Identifier: GPL-3.0-or-later
"""The grid of points in which surfaces are fused, and where in the world it lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import Code, TttlrmError
from .depth_maps import DepthMaps, surface_points

TRUNCATION = 4.0  # voxels before and behind a surface within which its distance counts
OUTLIERS = 0.5  # per cent of the surface points left out at each end of an axis
MARGIN = 5  # voxels around the scene
REACH = 1.5  # the scene reaches this many times as far from its centre as the looked-at points or the cameras do
BOX_STRIDE = 4  # pixels between the points that the box is made from


@dataclass(frozen=True)
class Volume:
    """A truncated signed distance field on a regular grid: positive outside, negative inside."""

    origin: np.ndarray  # [3] float64, world position of the first grid point
    voxel: float  # distance of grid points in world units
    distance: np.ndarray = field(repr=False)  # [X, Y, Z] float32, in truncation lengths, −1 to 1
    weight: np.ndarray = field(repr=False)  # [X, Y, Z] float32, sum of the confidence of all pixels that saw the point

    @staticmethod
    def over(
        low: np.ndarray,  # [3]
        high: np.ndarray,  # [3]
        voxel: float,
    ) -> Volume:
        """An empty volume over a box and a margin around it, with voxels of this side."""
        shape = np.ceil((high - low) / voxel).astype(int) + 1 + 2 * MARGIN
        origin = (low + high) / 2 - voxel * (shape - 1) / 2
        return Volume(origin, voxel, np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32))

    @property
    def truncation(self) -> float:
        """Largest distance from a surface that counts, in world units."""
        return TRUNCATION * self.voxel


def scene_box(maps: DepthMaps) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest corner [3] of the box around the surfaces that the cameras look at.

    Far surroundings are left out: only points count that are about as near to the middle of what is looked at as the cameras
    are. Raises `TttlrmError` when no surface is seen.
    """
    per_view = [points for points in surface_points(maps, BOX_STRIDE) if len(points)]
    if not per_view:
        raise no_surface()
    looked_at = np.stack([np.median(points, axis=0) for points in per_view])
    centre = np.median(looked_at, axis=0)
    spread, away = (np.median(np.linalg.norm(p - centre, axis=1)) for p in (looked_at, maps.cameras.c2w[:, :3, 3]))
    points = np.concatenate(per_view)
    points = points[np.linalg.norm(points - centre, axis=1) <= REACH * max(spread, away)]
    if len(points) == 0:
        raise no_surface()
    low, high = np.percentile(points, [OUTLIERS, 100 - OUTLIERS], axis=0)
    if not (high - low).max() > 0:
        raise no_surface()
    return low, high


def no_surface() -> TttlrmError:
    """The error when there is nothing to make a mesh of."""
    hint = "Refine the splats first, or use more photos of the same thing."
    return TttlrmError("The splats show no solid surface to make a mesh of.", hint=hint, code=Code.NO_SURFACE)
