# SPDX-License-Identifier: GPL-3.0-or-later
"""How splats look, whatever they are: which are shown, and how large."""

from __future__ import annotations

import numpy as np


def nearest(
    means: np.ndarray,  # [N, 3]
    eyes: np.ndarray,  # [V, 3]
) -> np.ndarray:  # [N] float32
    """Distance of each center from the nearest camera."""
    squares = np.full(len(means), np.inf, dtype=np.float32)
    for eye in eyes.astype(np.float32):
        offset = means - eye
        np.minimum(squares, np.einsum("ni,ni->n", offset, offset), out=squares)
    return np.sqrt(squares)


def in_crop(
    means: np.ndarray,  # [N, 3]
    crop: np.ndarray,  # [4, 4], from the space of the splats to the cube from −1 to 1
) -> np.ndarray:  # [N] bool
    """Mask of the centers within a box."""
    return (np.abs(means @ crop[:3, :3].T + crop[:3, 3]) <= 1).all(axis=1)


def in_range(
    means: np.ndarray,  # [N, 3]
    eyes: np.ndarray,  # [V, 3]
    near: float,
    far: float,  # 0 for no limit
) -> np.ndarray:  # [N] bool
    """Mask of the centers between near and far."""
    distance = nearest(means, eyes)
    return (distance >= near) & (distance <= (far or np.inf))


def most_opaque(
    opacities: np.ndarray,  # [N]
    among: np.ndarray,  # [N] bool
    count: int,
) -> np.ndarray:  # [N] bool
    """The most opaque splats of a mask, at most so many of them."""
    candidates = np.flatnonzero(among)
    order = np.argsort(-opacities[candidates], kind="stable")
    mask = np.zeros(len(opacities), dtype=bool)
    mask[candidates[order[:count]]] = True
    return mask
