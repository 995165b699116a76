# SPDX-License-Identifier: GPL-3.0-or-later
"""The sky in photos, which is no surface, although splats show it at any depth, often that of the roofs before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import label, maximum_filter

from ..geometry.up import up_direction
from .dense_depth import AROUND, CONTRAST, contrast
from .depth_maps import DepthMaps, rays


def without_sky(
    maps: DepthMaps,
    photos: np.ndarray,  # [V, H, W, 3] uint8, sRGB, of the same views
) -> DepthMaps:
    """The maps without depth in the sky."""
    up = up_direction(maps.cameras.c2w, [])
    cameras = zip(maps.cameras.intrinsics, maps.cameras.c2w, strict=True)
    sky = np.stack([_sky(photo, lens, c2w, up) for photo, (lens, c2w) in zip(photos, cameras, strict=True)])
    return replace(maps, depth=np.where(sky, 0, maps.depth), confidence=np.where(sky, 0, maps.confidence))


def _sky(photo: np.ndarray, intrinsics: np.ndarray, c2w: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Where a photo shows sky [H, W]: regions above the horizon that have no contrast and reach the border of the photo."""
    above = rays(intrinsics, *photo.shape[:2]) @ (up @ c2w[:3, :3]).astype(np.float32) > 0
    plain = maximum_filter(contrast(photo) < CONTRAST, AROUND)  # all pixels of squares without contrast
    regions, _ = label(plain & above)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    return np.isin(regions, np.setdiff1d(border, 0))
