# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers leave out splats with values that are not finite."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from ...errors import bad_splats, text
from ..gaussians import Gaussians


def finite(gaussians: Gaussians[np.ndarray]) -> np.ndarray:  # [N] bool
    """Which splats have only finite values."""
    arrays = [gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities[:, None], *gaussians.sh.swapaxes(0, 1)]
    sound = np.ones(len(gaussians), dtype=bool)
    for array in arrays:
        with np.errstate(over="ignore", invalid="ignore"):
            total = array.sum()  # faster than a test of every number, and nearly always enough
        if not np.isfinite(total):
            sound &= np.isfinite(array).all(axis=1)
    return sound


def keep_finite(
    path: Path,
    gaussians: Gaussians[np.ndarray],
    sound: np.ndarray,  # [N] bool
) -> Gaussians[np.ndarray]:
    """The finite splats; the number of others is logged. Raises `TttlrmError` when none is left."""
    lost = len(sound) - int(sound.sum())
    if lost == 0:
        return gaussians
    if lost == len(sound):
        raise bad_splats("{} holds no splat with finite values.", path)
    note = text("{}: left out {} of {} splats, whose values are not finite.", path, lost, len(sound))
    logging.getLogger(__name__).warning(note)
    return gaussians[sound]
