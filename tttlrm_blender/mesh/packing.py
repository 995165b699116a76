# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack rectangles into a square."""

from __future__ import annotations

import numpy as np

from ..progress import Listen, unheard

TRIES = 10  # bisections of the scale: more gain less than one texel in hundreds


def pack(
    sizes: np.ndarray,  # [C, 2], width and height
    side: int,  # of the square
    gutter: int,  # margin of every rectangle, so that there are two between neighbors
    listen: Listen = unheard,
) -> tuple[float, np.ndarray] | None:
    """Find the largest scale at which rectangles fit, and their lower left corners, [C, 2] int; None if they fit at no scale.

    Rectangles are sorted by height and placed on shelves.
    """
    low, best = 0.0, _shelves(sizes, 0.0, side, gutter)
    high = side / max(np.sqrt((sizes[:, 0] * sizes[:, 1]).sum()), sizes.max(initial=0), 1e-300)
    for _ in range(TRIES if best is not None else 0):
        listen()
        middle = (low + high) / 2
        places = _shelves(sizes, middle, side, gutter)
        if places is None:
            high = middle
        else:
            low, best = middle, places
    return None if best is None else (low, best)


def _shelves(sizes: np.ndarray, scale: float, side: int, gutter: int) -> np.ndarray | None:
    """Lower left corners [C, 2] of scaled rectangles without their gutters, or None if they do not fit."""
    padded = np.ceil(sizes * scale).astype(np.int64) + 2 * gutter
    order = np.argsort(-padded[:, 1], kind="stable")
    corners = np.empty((len(sizes), 2), dtype=np.int64)
    x = y = above = 0
    for index, (width, height) in zip(order.tolist(), padded[order].tolist(), strict=True):
        if x + width > side:
            x, y, above = 0, above, 0
        above = max(above, y + height)
        if x + width > side or above > side:
            return None
        corners[index] = x + gutter, y + gutter
        x += width
    return corners
