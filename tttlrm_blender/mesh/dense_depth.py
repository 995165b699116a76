# SPDX-License-Identifier: GPL-3.0-or-later
"""The dense depth of photos in place of that of splats, wherever the photos confirm it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import uniform_filter

from ..stereo.dense import DenseDepth
from .depth_maps import MIN_COSINE, DepthMaps, rays, view_cosines

SAME = 0.02  # relative difference up to which splats and photos show the same surface
NEARER = 0.8  # of the splats' depth: nearer surfaces are not those of the splats, but were cropped or deleted
CONTRAST = 2  # standard deviation of gray, 0 to 255, around a pixel; below it, photos have nothing to recognize
AROUND = 9  # side in pixels of the squares that contrast is measured in


def with_dense_depth(
    maps: DepthMaps,
    found: DenseDepth,  # of the same views, at the size of the maps
    faith: float,  # factor on the confidence of splats elsewhere
    photos: np.ndarray | None = None,  # [V, H, W, 3] uint8, sRGB
) -> DepthMaps:
    """Depth maps of splats in which confirmed dense depth replaces theirs, and the rest is corrected by what they are off there.

    Where splats show nothing, nothing is added. Where photos are given and plain, views confirm each other by chance, so splats
    decide.
    """
    sure = np.stack([_confidence(found, view) for view in range(len(found))])
    sure[(maps.depth <= 0) | (found.depth < NEARER * maps.depth)] = 0
    if photos is not None:
        sure[np.stack([contrast(photo) < CONTRAST for photo in photos])] = 0
    depth = np.where(sure > 0, found.depth, maps.depth * _scale(maps.depth, found.depth, sure))
    return replace(maps, depth=depth, confidence=np.where(sure > 0, sure, np.float32(faith) * maps.confidence))


def contrast(
    photo: np.ndarray,  # [H, W, 3]
) -> np.ndarray:  # [H, W] float32, in the photo's units
    """The standard deviation of the mean of the channels around each pixel."""
    gray = photo.mean(axis=-1, dtype=np.float32)
    mean, square = uniform_filter(gray, AROUND), uniform_filter(gray * gray, AROUND)
    return np.sqrt(np.maximum(square - mean * mean, 0))


def _scale(splats: np.ndarray, photos: np.ndarray, sure: np.ndarray) -> np.float32:
    """The median ratio of the depths of photos and splats where photos are sure: splats lie behind surfaces, by about 0.1 %."""
    known = sure > 0
    ratios = photos[known] / splats[known]
    ratios = ratios[np.abs(ratios - 1) < SAME]
    return np.float32(np.median(ratios) if len(ratios) else 1)


def _confidence(found: DenseDepth, view: int) -> np.ndarray:
    """Confidence [H, W] float32 of a view's dense depth, times the cosine between ray and normal; 0 at edges."""
    lens, turn = found.cameras.intrinsics[view], found.cameras.c2w[view, :3, :3].astype(np.float32)
    directions = rays(lens, *found.depth.shape[1:])
    facing = -((directions @ turn.T) * found.normal[view]).sum(axis=-1) / np.linalg.norm(directions, axis=-1)
    inner = view_cosines(found.depth[view], lens) > MIN_COSINE
    return np.where(inner & (facing > MIN_COSINE), facing * found.confidence[view], 0).astype(np.float32)
