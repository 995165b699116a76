# SPDX-License-Identifier: GPL-3.0-or-later
"""Directions in space."""

from __future__ import annotations

import numpy as np


def all_around(count: int) -> np.ndarray:
    """Unit vectors [count, 3] float64 evenly over the sphere: a Fibonacci lattice."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], axis=1)
