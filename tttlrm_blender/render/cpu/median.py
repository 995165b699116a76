# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels that find the splat at which the light along a ray has fallen to half, for every pixel."""

from __future__ import annotations

import numpy as np

from ...kernels import kernel
from .blend import BATCH, BUFFER, FAINTEST, HALF, MOST, PIXELS, WIDTH, ZERO, F, U, X, Y, clear, exp8, fetch, finished
from .tiles import HEIGHT, RECORD


@kernel
def find_medians(start, stop, tile_starts, pairs, records, order, medians) -> None:
    """Fill medians [H, W] int64 of some tiles: the number of the splat, −1 where more than half of the light passes."""
    height, width = medians.shape
    strips = -(-width // WIDTH)
    tile, batch = np.empty(BUFFER, np.float32), np.empty((BATCH, RECORD), np.float32)
    ranks = np.empty(PIXELS, np.int32)
    for index in range(start, stop):
        left, top = index % strips * WIDTH, index // strips * HEIGHT
        clear(tile, width - left, height - top)
        ranks[:] = -1
        for first in range(tile_starts[index], tile_starts[index + 1], BATCH):
            if finished(tile, HALF):
                break
            last = min(first + BATCH, tile_starts[index + 1])
            fetch(pairs[first:last], records, batch)
            for pair in range(first, last):
                absorb(tile, ranks, pairs[pair], batch[pair - first], left, top)
        store_medians(ranks, order, medians, left, top)


@kernel
def absorb(tile, ranks, pair, record, left, top) -> None:
    """Let a splat absorb light, and note it for pixels that it takes to half or less."""
    mx, my = record[0] - F(left), record[1] - F(top)
    a, b, c, e = record[2], record[3], record[4], record[5]
    for p in range(U(pair[1]) * U(WIDTH), U(pair[2] + 1) * U(WIDTH)):
        dx, dy = tile[p + X] - mx, tile[p + Y] - my
        opacity = min(exp8(e - dx * (a * dx + b * dy) - c * dy * dy), MOST)
        opacity = opacity if opacity >= FAINTEST else ZERO
        before = tile[p]
        after = before - before * opacity
        ranks[p] = pair[0] if before > HALF and after <= HALF else ranks[p]
        tile[p] = after


@kernel
def store_medians(ranks, order, medians, left, top) -> None:
    """Write the splats of a tile's ranks."""
    for y in range(top, min(top + HEIGHT, medians.shape[0])):
        for x in range(left, min(left + WIDTH, medians.shape[1])):
            rank = ranks[(y - top) * WIDTH + x - left]
            medians[y, x] = np.int64(order[rank]) if rank >= 0 else -1
