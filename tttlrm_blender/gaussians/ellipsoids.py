# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of splats under anisotropic linear maps: the covariances A Σ Aᵀ as rotations and scales.

These are the left singular vectors and the singular values of A R S. `by_lapack` is the plain way; `by_jacobi` is twice as
fast for many small matrices, by one-sided Jacobi rotations (Hestenes 1958) of all of them at once.
"""

from __future__ import annotations

import numpy as np

from ..geometry import quaternions

SLICE = 8192  # splats at a time, which stay in the processor's cache
SWEEPS, CLOSE = 12, 1e-5  # sweeps at most, until cosines between axes are smaller before a sweep, which about squares them
FLAT = 1e-12  # of the longest axis: directions of shorter axes are noise


def stretched(
    quats: np.ndarray,  # [N, 4], of unit length
    scales: np.ndarray,  # [N, 3]
    linear: np.ndarray,  # [3, 3]
) -> tuple[np.ndarray, np.ndarray]:
    """Quaternions [N, 4] and scales [N, 3], float32, of splats under a linear map."""
    turned, sizes = np.empty((len(quats), 4), dtype=np.float32), np.empty((len(quats), 3), dtype=np.float32)
    for start in range(0, len(quats), SLICE):
        part = slice(start, start + SLICE)
        axes = linear @ (quaternions.to_matrices(quats[part].astype(np.float64)) * scales[part, None, :])
        rotations, sizes[part] = by_jacobi(axes)
        turned[part] = quaternions.from_matrices(rotations)
    return turned, sizes


def by_lapack(
    axes: np.ndarray,  # [N, 3, 3], an ellipsoid's axes as columns, not perpendicular to each other
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations [N, 3, 3] onto the principal axes of ellipsoids, and their lengths [N, 3], longest first."""
    rotations, lengths, _ = np.linalg.svd(axes)
    return rotations * np.sign(np.linalg.det(rotations))[:, None, None], lengths


def by_jacobi(
    axes: np.ndarray,  # [N, 3, 3]
) -> tuple[np.ndarray, np.ndarray]:
    """The same as `by_lapack`, up to the signs of axes and the order of equally long ones."""
    columns = np.ascontiguousarray(axes.transpose(2, 1, 0), dtype=np.float64)  # [axis, coordinate, splat]
    for _ in range(SWEEPS):
        if max(_made_square(columns, first, second) for first, second in ((0, 1), (0, 2), (1, 2))) < CLOSE:
            break
    lengths = np.sqrt(np.einsum("acn,acn->an", columns, columns))
    flat = ~(lengths[1] > FLAT * lengths[0])
    longest, middle = (columns[k] / np.where(flat, 1, lengths[k]) for k in (0, 1))
    rotations = np.stack([longest, middle, np.cross(longest, middle, axis=0)]).transpose(2, 1, 0)
    lengths = lengths.T.copy()
    if flat.any():  # needles and points, whose other axes are undetermined
        rotations[flat], lengths[flat] = by_lapack(axes[flat])
    return rotations, lengths


def _made_square(columns: np.ndarray, first: int, second: int) -> float:
    """Rotate two axes of every ellipsoid to be perpendicular, the first longer; return the largest cosine before that."""
    a, b = columns[first], columns[second]
    aa, bb, ab = (np.einsum("cn,cn->n", left, right) for left, right in ((a, a), (b, b), (a, b)))
    angle = np.arctan2(2 * ab, aa - bb) / 2
    cosine, sine = np.cos(angle), np.sin(angle)
    columns[first], columns[second] = cosine * a + sine * b, cosine * b - sine * a
    size = np.sqrt(aa * bb)
    off = np.divide(np.abs(ab), size, out=np.zeros_like(ab), where=size > 0)
    return float(np.where(aa < bb * (1 - CLOSE), 1, off).max(initial=0))
