# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth maps, the input of fusion: depth, its confidence, and color for every pixel of some views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch

from ..geometry.cameras import Cameras
from ..geometry.rays import camera_rays, pixel_centers

MIN_ALPHA = 0.5  # pixels that are less opaque show no surface
NEARER = 25  # percent of the pixels whose surfaces are near
MIN_COSINE = 0.1  # surfaces at more grazing angles are ignored, and with them the edges between near and far


@dataclass(frozen=True)
class DepthMaps:
    """Depth, confidence and color of V views of a scene; nobody took the last ones, the `plans`, so they show no empty space."""

    depth: np.ndarray  # [V, H, W] float32, z depth in world units
    confidence: np.ndarray  # [V, H, W] float32, 0 to 1; 0 where the depth is unusable
    color: np.ndarray  # [V, H, W, 3] uint8, sRGB
    cameras: Cameras
    plans: int = 0

    def __len__(self) -> int:
        return len(self.depth)

    def world_to_camera(self, view: int) -> np.ndarray:
        """The matrix [4, 4] float64 from world to camera coordinates of a view."""
        return self.world_to_cameras[view]

    @cached_property
    def world_to_cameras(self) -> np.ndarray:
        """Those of all views, [V, 4, 4]."""
        return np.linalg.inv(self.cameras.c2w)

    def clear_before(self, view: int) -> float:
        """How far before its surfaces a view shows that nothing is, in truncations."""
        return 1.0 if view >= len(self) - self.plans else np.inf


def rays(
    intrinsics: np.ndarray,  # [4], fx fy cx cy
    height: int,
    width: int,
) -> np.ndarray:  # [H, W, 3] float32, read-only
    """Ray directions through the pixel centers in camera axes, with z = 1."""
    return _rays(tuple(intrinsics.tolist()), height, width)


@lru_cache(maxsize=1)  # most ask for those of one view many times
def _rays(intrinsics: tuple[float, ...], height: int, width: int) -> np.ndarray:
    lens = torch.tensor(intrinsics, dtype=torch.float64)
    directions = camera_rays(pixel_centers(height, width, lens), lens).float().numpy()
    directions.flags.writeable = False
    return directions


def view_cosines(
    depth: np.ndarray,  # [H, W]
    intrinsics: np.ndarray,  # [4]
) -> np.ndarray:  # [H, W]
    """Cosines between rays and surface normals, estimated from neighboring pixels; 0 at the border.

    Across an edge between near and far, the pixels span a surface at a grazing angle, so edges get values near 0.
    """
    directions = rays(intrinsics, *depth.shape)
    points = directions * depth[..., None]
    normals = np.cross(points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1])
    inner = directions[1:-1, 1:-1]
    lengths = np.linalg.norm(normals, axis=-1) * np.linalg.norm(inner, axis=-1)
    cosines = np.abs((normals * inner).sum(axis=-1)) / np.maximum(lengths, 1e-20)
    return np.pad(cosines, 1)


def depth_confidence(
    depth: np.ndarray,  # [H, W]
    alpha: np.ndarray,  # [H, W], 0 to 1
    intrinsics: np.ndarray,  # [4]
) -> np.ndarray:  # [H, W] float32
    """Confidence of each pixel's depth, 0 to 1: high where opaque, seen from the front, and not at an edge."""
    cosines = view_cosines(depth, intrinsics)
    solid = (alpha > MIN_ALPHA) & (depth > 0) & np.isfinite(depth)
    return np.where(solid & (cosines > MIN_COSINE), cosines * alpha, 0).astype(np.float32)


def surface_points(maps: DepthMaps, stride: int) -> Iterator[np.ndarray]:
    """Yield the world points [n, 3] of each view, from the confident pixels of every `stride`-th row and column."""
    every = (slice(None, None, stride),) * 2
    for view, c2w in enumerate(maps.cameras.c2w):
        directions = rays(maps.cameras.intrinsics[view], *maps.depth.shape[1:])[every]
        points = (directions * maps.depth[view][every][..., None])[maps.confidence[view][every] > 0]
        yield points @ c2w[:3, :3].T + c2w[:3, 3]


def pixel_size(maps: DepthMaps) -> float:
    """The side of a pixel on the surface in world units: that of nearer surfaces, as the scene is among them. 0 without any."""
    focal = maps.cameras.intrinsics[:, None, None, :2].mean(axis=-1)
    sides = (maps.depth / focal)[maps.confidence > 0]
    return float(np.percentile(sides, NEARER)) if len(sides) else 0.0
