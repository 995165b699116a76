# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter decoded splats by the user's settings: opacity, crop box, floaters, fog, merging, size and count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import Code, TttlrmError
from ..gaussians import clean
from ..gaussians.gaussians import Gaussians, prune
from ..gaussians.look import in_crop, in_range, nearest
from ..gaussians.merging import merge_close
from ..protocol.settings import DecodeSettings


def filtered(
    gaussians: Gaussians[np.ndarray],
    settings: DecodeSettings,
    eyes: np.ndarray,  # [V, 3], positions of the query cameras
) -> Gaussians[np.ndarray]:
    """Filter, merge and limit splats (numpy) by the settings. Raises `TttlrmError` ("no_splats") if none are left."""
    if settings.min_opacity:
        gaussians = prune(gaussians, settings.min_opacity)
    if settings.near or settings.far or settings.crop:
        gaussians = gaussians[inside(gaussians.means, settings, eyes)]
    if settings.floaters:
        gaussians = gaussians[~clean.floaters(gaussians.means, gaussians.scales, gaussians.opacities, settings.floaters)]
    if settings.fog:
        gaussians = gaussians[~clean.fog(gaussians.means, gaussians.scales, gaussians.opacities, eyes, settings.fog)]
    if settings.merge:
        gaussians = merge_close(gaussians, settings.merge)
    if settings.size_limit:
        gaussians = clamp_scales(gaussians, settings.size_limit * nearest(gaussians.means, eyes))
    if settings.max_splats:
        gaussians = prune(gaussians, max_splats=settings.max_splats)
    if not len(gaussians):
        raise TttlrmError(
            "These settings leave no splats.",
            hint="Enlarge the crop box, or drop fewer faint splats and floaters.",
            code=Code.NO_SPLATS,
        )
    return gaussians


def inside(
    means: np.ndarray,  # [N, 3]
    settings: DecodeSettings,
    eyes: np.ndarray,  # [V, 3]
) -> np.ndarray:  # [N] bool
    """Mask of the centers within the crop box and between near and far."""
    keep = np.ones(len(means), dtype=bool)
    if settings.crop:
        keep &= in_crop(means, np.reshape(settings.crop, (4, 4)))
    if settings.near or settings.far:
        keep &= in_range(means, eyes, settings.near, settings.far)
    return keep


def clamp_scales(
    gaussians: Gaussians[np.ndarray],
    limits: np.ndarray,  # [N], world units
) -> Gaussians[np.ndarray]:
    """Limit the scales of every splat along all axes."""
    return replace(gaussians, scales=np.minimum(gaussians.scales, limits[:, None].astype(np.float32)))
