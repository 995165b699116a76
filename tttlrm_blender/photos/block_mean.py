# SPDX-License-Identifier: GPL-3.0-or-later
"""Images reduced by a whole factor, as the means of blocks of pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def block_mean(image: np.ndarray, factor: int) -> np.ndarray:
    """The means of blocks of factor × factor pixels of an image [H, W, C], as float32.

    An incomplete last row or column of blocks is left out.
    """
    return np.asarray(image, np.float32) if factor == 1 else sum_of(in_blocks(image, factor)) / factor**2


def in_blocks(image: np.ndarray, factor: int) -> Iterator[np.ndarray]:
    """Every factor-th pixel of an image [H, W, C], once for each position in a block."""
    height, width = (size // factor * factor for size in image.shape[:2])
    return (image[y:height:factor, x:width:factor] for y in range(factor) for x in range(factor))


def sum_of(parts: Iterator[np.ndarray]) -> np.ndarray:
    """The sum of arrays of one shape as float32; no more than two are in memory at a time."""
    total = np.array(next(parts), np.float32)
    for part in parts:
        total += part
    return total
