# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels that list, for every tile of the picture, the splats in it from near to far.

Splats are sorted by depth once; then a counting sort over tiles keeps that order. A *pair* is a splat in a tile, with the
rows of the tile that its ellipse touches, so that blending skips the others.
A *record* is the data of a splat that blending needs, in one row: [x, y, a, b, c, e, red, green, blue, z], where the splat's
opacity at an offset (dx, dy) from its center is exp(8 (e - a dx² - b dx dy - c dy²)).
"""

from __future__ import annotations

import math

import numpy as np

from ...kernels import kernel
from ..convention import MIN_ALPHA

WIDTH, HEIGHT = 16, 16  # of a tile in pixels; a row of a tile fills whole vector registers
RECORD = 10
F = np.float32
ZERO, HALF, ONE, TWO, FOUR = F(0), F(0.5), F(1), F(2), F(4)
EIGHTH, SIXTEENTH = F(1 / 8), F(1 / 16)
FAINT = F(math.log(MIN_ALPHA) / 8)  # e - a dx² - … where a splat becomes too faint to count
TINY = F(1e-30)
SLACK, RELATIVE_SLACK = (
    F(0.01),
    F(1e-4),
)  # added to an ellipse's extent against rounding errors: pixels, and a share of its height
BITS, BUCKETS = 11, 2048  # of one pass of the radix sort


@kernel
def sort_by_depth(radii, ellipses) -> np.ndarray:
    """Indices of the drawn splats of a view from near to far, by a stable sort."""
    ids = np.flatnonzero(radii).astype(np.uint32)
    keys = ellipses[:, 6].copy().view(np.uint32)[ids]
    for shift in range(0, 32, BITS):
        keys, ids = sort_digit(keys, ids, np.uint32(shift))
    return ids


@kernel
def sort_digit(keys, ids, shift) -> tuple[np.ndarray, np.ndarray]:
    """Keys and ids sorted stably by 11 bits of the keys."""
    starts = np.zeros(BUCKETS + 1, np.int64)
    for key in keys:
        starts[((key >> shift) & np.uint32(BUCKETS - 1)) + 1] += 1
    starts = np.cumsum(starts)
    sorted_keys, sorted_ids = np.empty_like(keys), np.empty_like(ids)
    for i in range(len(keys)):
        digit = (keys[i] >> shift) & np.uint32(BUCKETS - 1)
        sorted_keys[starts[digit]], sorted_ids[starts[digit]] = keys[i], ids[i]
        starts[digit] += 1
    return sorted_keys, sorted_ids


@kernel
def pack(start, stop, order, means2d, ellipses, records) -> None:
    """Fill records [M, 10] of the drawn splats, nearest first."""
    for rank in range(start, stop):
        n = order[rank]
        record, ellipse = records[rank], ellipses[n]
        record[0], record[1] = means2d[n, 0], means2d[n, 1]
        record[2], record[3], record[4] = SIXTEENTH * ellipse[0], EIGHTH * ellipse[1], SIXTEENTH * ellipse[2]
        record[5] = EIGHTH * math.log(ellipse[7])
        record[6], record[7], record[8], record[9] = ellipse[3], ellipse[4], ellipse[5], ellipse[6]


@kernel
def count(start, stop, bounds, records, size, counts, starts) -> None:
    """Count pairs: counts [pieces, tiles] for some pieces of the records, and starts[rank + 1] of every record."""
    strips = -(-size[0] // WIDTH)
    for piece in range(start, stop):
        counts[piece, :] = 0
        for rank in range(bounds[piece], bounds[piece + 1]):
            total = 0
            shape = extent(records[rank])
            first, last = strips_of(records[rank], shape, strips)
            for strip in range(first, last + 1):
                top, bottom = rows_of(records[rank], shape, strip, size[1])
                for row in range(top // HEIGHT, bottom // HEIGHT + 1):
                    counts[piece, row * strips + strip] += 1
                    total += 1
            starts[rank + 1] = total


@kernel
def positions(counts, tile_starts) -> None:
    """Turn counts [pieces, tiles] into the positions where each piece writes its pairs per tile; fill tile_starts [tiles + 1]."""
    position = 0
    for tile in range(counts.shape[1]):
        tile_starts[tile] = position
        for piece in range(counts.shape[0]):
            number = counts[piece, tile]
            counts[piece, tile] = position
            position += number
    tile_starts[counts.shape[1]] = position


@kernel
def scatter(start, stop, bounds, records, size, places, starts, pairs, slots) -> None:
    """Fill pairs [P, 3] (rank, first row, last row) tile by tile, and slots [P], the positions of every record's pairs."""
    strips = -(-size[0] // WIDTH)
    for piece in range(start, stop):
        for rank in range(bounds[piece], bounds[piece + 1]):
            slot = starts[rank]
            shape = extent(records[rank])
            first, last = strips_of(records[rank], shape, strips)
            for strip in range(first, last + 1):
                top, bottom = rows_of(records[rank], shape, strip, size[1])
                for row in range(top // HEIGHT, bottom // HEIGHT + 1):
                    place = places[piece, row * strips + strip]
                    places[piece, row * strips + strip] += 1
                    pairs[place, 0] = rank
                    pairs[place, 1] = max(top - row * HEIGHT, 0)
                    pairs[place, 2] = min(bottom - row * HEIGHT, HEIGHT - 1)
                    slots[slot] = place
                    slot += 1


@kernel
def extent(record) -> tuple[float, float, float, float]:
    """Half width and half height of the ellipse where a splat counts, and of its equation 4ac - b² and 4c (e - faint)."""
    a, b, c = record[2], record[3], record[4]
    reach = FOUR * max(record[5] - FAINT, ZERO)
    det = max(FOUR * a * c - b * b, TINY)
    return math.sqrt(c * reach / det), math.sqrt(a * reach / det), det, c * reach


@kernel
def strips_of(record, shape, strips) -> tuple[int, int]:
    """First and last column of tiles that a splat touches; last < first for none."""
    slack = HALF + SLACK + RELATIVE_SLACK * shape[0]
    first = max((record[0] - shape[0] - slack) / F(WIDTH), ZERO)
    last = min((record[0] + shape[0] + slack) / F(WIDTH), F(strips - 1))
    return (int(first), int(last)) if last >= ZERO and first <= last + ONE else (0, -1)


@kernel
def rows_of(record, shape, strip, height) -> tuple[int, int]:
    """First and last row of pixels that a splat touches in a column of tiles; last < first for none."""
    x, y, b, c = record[0], record[1], record[3], record[4]
    ry, det, reach = shape[1], shape[2], shape[3]
    left = F(strip * WIDTH) + HALF - x
    right = left + F(WIDTH - 1)
    peak = -b * ry / (TWO * record[2])
    down, up = min(max(peak, left), right), min(max(-peak, left), right)
    slack = SLACK + RELATIVE_SLACK * ry
    low = (-b * up - math.sqrt(max(reach - det * up * up, ZERO))) / (TWO * c)
    high = (-b * down + math.sqrt(max(reach - det * down * down, ZERO))) / (TWO * c)
    top, bottom = max(y + low - HALF - slack, ZERO), min(y + high - HALF + slack, F(height - 1))
    return (math.ceil(top), int(bottom)) if bottom >= ZERO and top <= bottom else (0, -1)
