# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as they were read from a memory become those that a person wants: cropped, cleaned, merged and bounded."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ..errors import Code, TttlrmError
from ..gaussians.gaussians import Gaussians, prune
from ..gaussians.merging import merge_close
from ..protocol.settings import DecodeSettings

NEIGHBOURS = 8  # whose distances tell how lone a splat is
LONE = 2.0  # times as far from its neighbours as these from theirs is lone, at the strictest; for a transparent splat half as far


def filtered(
    gaussians: Gaussians[np.ndarray],
    settings: DecodeSettings,
    eyes: np.ndarray,  # [V, 3], where the query cameras stand
) -> Gaussians[np.ndarray]:
    """Numpy splats without those that the settings do not want, merged, and no larger than allowed.

    Raises `TttlrmError` ("no_splats") where none is left.
    """
    if settings.min_opacity:
        gaussians = prune(gaussians, settings.min_opacity)
    if settings.near or settings.far or settings.crop:
        gaussians = gaussians[inside(gaussians.means, settings, eyes)]
    if settings.floaters:
        gaussians = gaussians[~lone(gaussians, settings.floaters)]
    if settings.merge:
        gaussians = merge_close(gaussians, settings.merge)
    if settings.size_limit:
        gaussians = no_larger(gaussians, settings.size_limit * nearest(gaussians.means, eyes))
    if settings.max_splats:
        gaussians = prune(gaussians, max_splats=settings.max_splats)
    if not len(gaussians):
        raise TttlrmError(
            "These settings leave no splats.", hint="Crop less, or drop fewer of the faint and lone ones.", code=Code.NO_SPLATS
        )
    return gaussians


def inside(
    means: np.ndarray,  # [N, 3]
    settings: DecodeSettings,
    eyes: np.ndarray,  # [V, 3]
) -> np.ndarray:  # [N] bool
    """Which centres lie within the crop box and between near and far."""
    keep = np.ones(len(means), dtype=bool)
    if settings.crop:
        matrix = np.reshape(settings.crop, (4, 4))
        keep &= (np.abs(means @ matrix[:3, :3].T + matrix[:3, 3]) <= 1).all(axis=1)
    if settings.near or settings.far:
        distance = nearest(means, eyes)
        keep &= (distance >= settings.near) & (distance <= (settings.far or np.inf))
    return keep


def nearest(
    means: np.ndarray,  # [N, 3]
    eyes: np.ndarray,  # [V, 3]
) -> np.ndarray:  # [N] float32
    """The distance of each centre from the nearest camera."""
    squares = np.full(len(means), np.inf, dtype=np.float32)
    for eye in eyes.astype(np.float32):
        offset = means - eye
        np.minimum(squares, np.einsum("ni,ni->n", offset, offset), out=squares)
    return np.sqrt(squares)


def lone(gaussians: Gaussians[np.ndarray], strictness: float) -> np.ndarray:  # [N] bool
    """Which splats are much farther from their neighbours than these are from theirs; faint ones need to be less so.

    What is usual is asked of the neighbours, not of the whole scene: distant surroundings are sparse everywhere.
    """
    if len(gaussians) <= NEIGHBOURS:
        return np.zeros(len(gaussians), dtype=bool)
    distances, neighbours = cKDTree(gaussians.means).query(gaussians.means, NEIGHBOURS + 1, workers=-1)
    spacing = distances[:, 1:].mean(axis=1)
    usual = np.median(spacing[neighbours[:, 1:]], axis=1)
    return spacing > LONE / strictness * (1 + gaussians.opacities) / 2 * usual


def no_larger(
    gaussians: Gaussians[np.ndarray],
    limits: np.ndarray,  # [N], world units
) -> Gaussians[np.ndarray]:
    """The splats, cut off along every axis at a size of each its own."""
    parts = gaussians.arrays()
    return Gaussians(**parts | {"scales": np.minimum(gaussians.scales, limits[:, None].astype(np.float32))})
