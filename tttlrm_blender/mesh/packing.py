# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack charts into a square, by their outlines.

Each row of texels of a chart is taken as filled from its first to its last texel, so small charts find room beside and between
the outlines of larger ones. Charts go to the lowest free place, the largest first, upright or turned by 90 degrees (bottom-left
filling, Baker et al. 1980).
"""

from __future__ import annotations

import numpy as np

from ..kernels import kernel
from ..progress import Listen, unheard

TRIES = 6  # bisections of the scale
FULL = 0.97  # of the square: charts never cover more
MOST_CELLS = 1024  # along the square: charts of larger ones are placed in multiples of some texels
FEW = 1000  # so many charts are tried at every place; of more, smaller ones are not tried below larger ones of about their size
FINENESS = 4  # sizes of charts per factor of two
PART = 64  # charts that are placed between two calls of `listen`


def pack(
    flat: np.ndarray,  # [M, 3, 2], flattened faces
    charts: np.ndarray,  # [M], 0 to C - 1
    side: int,  # of the square, texels
    gutter: int,  # margin of every chart, so that there are two between neighbors
    scale: float,  # the smallest that will do
    listen: Listen = unheard,
) -> np.ndarray | None:  # [M, 3, 2], texels
    """The faces in the square, at about the largest scale at which all charts fit; None if they do not at the given one."""
    best, high = place(flat, charts, side, gutter, scale, listen), highest_scale(flat, side)
    for _ in range(TRIES if best is not None else 0):
        middle = (scale + high) / 2
        corners = place(flat, charts, side, gutter, middle, listen)
        if corners is None:
            high = middle
        else:
            scale, best = middle, corners
    return best


def highest_scale(flat: np.ndarray, side: int) -> float:
    """The scale at which faces [M, 3, 2] would fill a square."""
    area = np.abs(np.linalg.det(flat[:, 1:] - flat[:, :1])).sum() / 2
    return float(side * np.sqrt(FULL / max(area, 1e-300)))


def place(
    flat: np.ndarray, charts: np.ndarray, side: int, gutter: int, scale: float, listen: Listen = unheard
) -> np.ndarray | None:
    """The faces in the square at a given scale, [M, 3, 2] texels; None if they do not fit. See `pack` for the arguments."""
    texels = -(-side // MOST_CELLS)  # along the side of a cell; places are found in whole cells
    if texels > 1:
        corners = place(flat, charts, side // texels, -(-gutter // texels), scale / texels, listen)
        return None if corners is None else corners * texels
    count = int(charts.max(initial=-1)) + 1
    order = np.argsort(charts, kind="stable")
    starts = np.searchsorted(charts[order], np.arange(count + 1))
    scaled = (flat * scale)[order]
    turned = np.stack([-scaled[..., 1], scaled[..., 0]], axis=-1)
    upright, across = (_from_zero(each, starts) for each in (scaled, turned))
    sizes = np.stack([_sizes(each, starts) for each in (upright, across)])  # [2, C, 2]
    if sizes.max(initial=0) + 2 * gutter > side:
        return None
    ahead = np.empty((2, side, side), np.int32)  # for each texel, the first occupied and the first free column from it on
    ahead[0], ahead[1] = side, np.arange(side)
    longest = np.full(side, side)  # free run of each row
    reached = np.zeros(20 * FINENESS, np.int64)  # the row of the last chart of each size
    chosen = np.zeros((count, 3), np.int64)  # whether turned, column, row
    largest = np.argsort(-sizes.max(axis=(0, 2)), kind="stable")
    for first in range(0, count, PART):
        listen()
        if not _place(
            largest[first : first + PART], upright, across, starts, sizes, gutter, ahead, longest, reached, count > FEW, chosen
        ):
            return None
    way, at = chosen[charts[order], 0], chosen[charts[order], 1:] + gutter
    corners = np.empty_like(scaled)
    corners[order] = np.where(way[:, None, None] > 0, across, upright) + at[:, None]
    return corners


def _from_zero(faces: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The faces [M, 3, 2], sorted by chart, with every chart's lower left corner at 0."""
    low = np.minimum.reduceat(faces.min(axis=1), starts[:-1])
    return faces - np.repeat(low, np.diff(starts), axis=0)[:, None]


def _sizes(faces: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Width and height [C, 2] of charts, whole texels."""
    return np.floor(np.maximum.reduceat(faces.max(axis=1), starts[:-1])).astype(np.int64) + 1


@kernel
def _place(charts, upright, turned, starts, sizes, gutter, ahead, longest, reached, hasty, chosen):
    """Place some charts; False if one does not fit."""
    for chart in charts:
        lowest = len(longest) + 1
        kind = int(FINENESS * np.log2(max(sizes[0, chart, 0], sizes[0, chart, 1])))
        for way in range(2):
            faces = upright if way == 0 else turned
            rows = outline(faces[starts[chart] : starts[chart + 1]], sizes[way, chart], gutter)
            x, y = _free_place(rows, ahead, longest, reached[kind], lowest)
            if y >= 0:
                lowest = y + len(rows)
                chosen[chart, 0], chosen[chart, 1], chosen[chart, 2] = way, x, y
        if lowest > len(longest):
            return False
        way = chosen[chart, 0]
        faces = upright if way == 0 else turned
        rows = outline(faces[starts[chart] : starts[chart + 1]], sizes[way, chart], gutter)
        if hasty:
            reached[kind] = chosen[chart, 2]
        _occupy(rows, chosen[chart, 1], chosen[chart, 2], ahead, longest)
    return True


@kernel
def outline(faces, size, gutter) -> np.ndarray:
    """The first and the last column, ends included, of each row of a chart with its gutter: [rows, 2]."""
    height = size[1]
    bare = np.empty((height, 2), np.int64)
    bare[:, 0], bare[:, 1] = 1 << 30, -1
    for face in range(len(faces)):
        for corner in range(3):
            a, b = faces[face, corner], faces[face, (corner + 1) % 3]
            if a[1] > b[1]:
                a, b = b, a
            for row in range(max(int(a[1]), 0), min(int(b[1]) + 1, height)):
                slope = (b[0] - a[0]) / (b[1] - a[1]) if b[1] > a[1] else 0.0
                enter = a[0] + slope * (max(a[1], row) - a[1])
                leave = b[0] if b[1] <= row + 1 else a[0] + slope * (row + 1 - a[1])
                bare[row, 0] = min(bare[row, 0], int(min(enter, leave)))
                bare[row, 1] = max(bare[row, 1], int(max(enter, leave)))
    rows = np.empty((height + 2 * gutter, 2), np.int64)
    for row in range(len(rows)):
        low, high = max(row - 2 * gutter, 0), min(row + 1, height)
        rows[row, 0] = bare[low:high, 0].min()
        rows[row, 1] = bare[low:high, 1].max() + 2 * gutter
    return rows


@kernel
def _free_place(rows, ahead, longest, start, lowest):
    """The column and row of the lowest free place from row `start` on for a chart whose end is below `lowest`; −1 if none."""
    side = ahead.shape[2]
    left, right = rows[:, 0].min(), rows[:, 1].max()
    widths = rows[:, 1] - rows[:, 0]
    widest = widths.argmax()
    for y in range(start, lowest - len(rows)):
        if longest[y + widest] <= widths[widest]:
            continue
        x, row, agreed = -left, widest, 0  # the widest row first: it rarely fits
        while agreed < len(rows) and x + right < side:
            occupied = ahead[0, y + row, x + rows[row, 0]]
            if occupied > x + rows[row, 1]:
                row, agreed = (row + 1) % len(rows), agreed + 1
            else:
                x, agreed = ahead[1, y + row, occupied] - rows[row, 0], 0
        if agreed == len(rows):
            return x, y
    return -1, -1


@kernel
def _occupy(rows, x, y, ahead, longest):
    """Mark the texels of a chart at a column and a row as occupied."""
    side = ahead.shape[2]
    for row in range(y, y + len(rows)):
        occupied, free = ahead[0, row], ahead[1, row]
        first, after = x + rows[row - y, 0], x + rows[row - y, 1] + 1
        end = free[after] if after < side else side
        for column in range(first, after):
            occupied[column], free[column] = column, end
        column = first - 1
        while column >= 0 and occupied[column] == column:  # an occupied run before it
            free[column] = end
            column -= 1
        while column >= 0 and occupied[column] > first:  # a free run before it
            occupied[column] = first
            column -= 1
        longest[row], column = 0, 0
        while column < side:
            if occupied[column] == column:
                column = free[column]
            else:
                longest[row] = max(longest[row], occupied[column] - column)
                column = occupied[column]
