# SPDX-License-Identifier: GPL-3.0-or-later
"""The box of a scene in which depth maps are fused."""

from __future__ import annotations

import numpy as np

from ..errors import Code, TttlrmError
from .depth_maps import DepthMaps, surface_points

OUTLIERS = 0.5  # percent of the surface points ignored at each end of an axis
REACH = 1.5  # radius of the scene, relative to the median distance of cameras or looked-at points from its center
BOX_STRIDE = 4  # pixels between the points that the box is computed from


def scene_box(maps: DepthMaps) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest corners, two [3], of a box around the surfaces that the cameras look at.

    Far surroundings are ignored: points count only if they are about as near to the center of the scene as the cameras.
    Raises `TttlrmError` if no surface is seen.
    """
    per_view = [points for points in surface_points(maps, BOX_STRIDE) if len(points)]
    if not per_view:
        raise no_surface()
    looked_at = np.stack([np.median(points, axis=0) for points in per_view])
    center = np.median(looked_at, axis=0)
    spread, away = (np.median(np.linalg.norm(p - center, axis=1)) for p in (looked_at, maps.cameras.c2w[:, :3, 3]))
    points = np.concatenate(per_view)
    points = points[np.linalg.norm(points - center, axis=1) <= REACH * max(spread, away)]
    if len(points) == 0:
        raise no_surface()
    low, high = np.percentile(points, [OUTLIERS, 100 - OUTLIERS], axis=0)
    if not (high - low).max() > 0:
        raise no_surface()
    return low, high


def no_surface() -> TttlrmError:
    """The error for splats without a surface."""
    hint = "Refine the splats first, or use more photos of the same thing."
    return TttlrmError("The splats show no solid surface for a mesh.", hint=hint, code=Code.NO_SURFACE)
