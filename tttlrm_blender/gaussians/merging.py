# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging of splats that are close together into one that looks like all of them from afar."""

from __future__ import annotations

import numpy as np

from ..geometry import quaternions
from .gaussians import Gaussians, merge

MOST_CELLS = 2**20  # along an axis, so that the index of a cell fits into 63 bits
MOST_OPACITY = 0.999  # of splats to be merged: the optical depth of fully opaque ones is infinite
TINY = 1e-30  # prevents division by zero for splats without opacity or size


def merge_close(gaussians: Gaussians[np.ndarray], side: float) -> Gaussians[np.ndarray]:
    """Merge numpy splats whose centers lie in the same cube of a grid.

    The merged splat has the mean and the covariance of the mixture that it replaces, weighted by opacity times area, and the
    opacity that preserves optical depth times area (as in hierarchical 3D Gaussians, Kerbl et al. 2024, except for overlaps).
    Splats alone in their cubes are unchanged, and come first.
    """
    if not len(gaussians):
        return gaussians
    _, cell, counts = np.unique(_cells(gaussians.means, side), return_inverse=True, return_counts=True)
    together = np.flatnonzero(counts[cell] > 1)
    if not len(together):
        return gaussians
    order = together[np.argsort(cell[together], kind="stable")]
    groups = np.unique(cell[order], return_inverse=True)[1]
    return merge([gaussians[counts[cell] == 1], _merged(gaussians[order], groups)])


def _cells(
    means: np.ndarray,  # [N, 3]
    side: float,
) -> np.ndarray:  # [N] int64, the same for splats in the same cube
    side = max(side, float(np.ptp(means, axis=0).max()) / MOST_CELLS)
    cubes = np.floor(means.astype(np.float64) / side)
    x, y, z = (cubes - cubes.min(axis=0)).astype(np.int64).T
    return (x * (2 * MOST_CELLS) + y) * (2 * MOST_CELLS) + z


def _merged(
    splats: Gaussians[np.ndarray],
    groups: np.ndarray,  # [n], 0 to M − 1 in rising order
) -> Gaussians[np.ndarray]:
    """One splat for each group, computed in double precision."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    area, depth = areas(splats.scales), -np.log1p(-np.minimum(splats.opacities.astype(np.float64), MOST_OPACITY))
    weight = splats.opacities * area + TINY
    weight /= np.add.reduceat(weight, starts)[groups]

    def mean(values: np.ndarray) -> np.ndarray:
        """The weighted mean of each group."""
        return np.add.reduceat(values * weight.reshape(-1, *[1] * (values.ndim - 1)), starts)

    means = mean(splats.means)
    quats, scales = _shapes(mean(_covariances(splats) + _outer(splats.means - means[groups])))
    opacities = -np.expm1(-np.add.reduceat(depth * area, starts) / (areas(scales) + TINY))
    merged = Gaussians(means, quats, scales, opacities, mean(splats.sh), splats.antialiased)
    return merged.map(lambda array: array.astype(np.float32))


def areas(
    scales: np.ndarray,  # [N, 3]
) -> np.ndarray:  # [N] float64
    """The approximate area that splats cover, up to a constant factor; exact for flat ones seen from the front."""
    a, b, c = scales.astype(np.float64).T
    return np.sqrt((a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2)


def _covariances(splats: Gaussians[np.ndarray]) -> np.ndarray:
    """[n, 3, 3] float64."""
    axes = quaternions.to_matrices(splats.quats.astype(np.float64)) * splats.scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)


def _outer(offsets: np.ndarray) -> np.ndarray:
    return offsets[:, :, None] * offsets[:, None, :]


def _shapes(covariances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quaternions and scales of covariances [M, 3, 3]."""
    variances, axes = np.linalg.eigh(covariances)
    axes *= np.sign(np.linalg.det(axes))[:, None, None]
    return quaternions.from_matrices(axes), np.sqrt(np.maximum(variances, 0))
