# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of splats in files that pack neighbors together."""

from __future__ import annotations

import numpy as np

BITS = 16  # of each coordinate


def morton_order(
    means: np.ndarray,  # [N, 3]
) -> np.ndarray:  # [N] int64
    """Indices that follow the Morton curve: most splats come soon after their neighbors in space."""
    if not len(means):
        return np.empty(0, dtype=np.int64)
    low, high = means.min(axis=0), means.max(axis=0)
    cells = ((means - low) / np.where(high > low, high - low, 1) * ((1 << BITS) - 1)).astype(np.uint64)
    code = np.zeros(len(means), dtype=np.uint64)
    for bit in range(BITS):
        for axis in range(3):
            code |= (cells[:, axis] >> np.uint64(bit) & np.uint64(1)) << np.uint64(3 * bit + axis)
    return np.argsort(code, kind="stable")
