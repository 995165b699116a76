# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the place that is nearest to each of many others is a marked one.

Blender's k-d tree tells, but has to be asked place by place. So grids decide first about all places around which either only
marked ones are or none, and the tree is asked about the others.
"""

from __future__ import annotations

import numpy as np
from mathutils.kdtree import KDTree

from ..engine import morton

CELLS = 128  # along each side of a grid, an even number
SIZES = (1, 4, 16)  # of the cells of grids: a fine one in the middle, and coarse ones that reach far out
MIDDLE = (2, 98)  # percentiles of the places along each axis, between which the finest grid is
MARGIN = 4  # cells at the sides of a grid around which some may be that it does not have


def nearest_is_marked(
    wanted: np.ndarray,  # [M, 3] float32
    places: np.ndarray,  # [K, 3] float32, at least one
    marked: np.ndarray,  # [K] bool
) -> np.ndarray:  # [M] bool
    """Whether the place that is nearest to each wanted one is marked; of places that coincide, any counts as the nearest."""
    answers, open_ = np.zeros(len(wanted), dtype=bool), np.arange(len(wanted))
    low, high = np.percentile(places, MIDDLE, axis=0)
    for size in SIZES:
        corner = (low + high - size * (high - low).max()) / 2
        yes, no = _certain(wanted[open_], places, marked, corner, size * max(float((high - low).max()), 1e-30) / CELLS)
        answers[open_[yes]] = True
        open_ = open_[~(yes | no)]
    answers[open_] = _asked(wanted[open_], places, marked)
    return answers


def _certain(
    wanted: np.ndarray, places: np.ndarray, marked: np.ndarray, corner: np.ndarray, size: float
) -> tuple[np.ndarray, np.ndarray]:  # [M] bool, [M] bool
    """Where the nearest is marked for certain, and where it is not, by a grid of cells of a size.

    The nearest to a place whose cell is not empty is at most the diagonal of a cell away, 1.8 sizes. So it is in the same block
    of eight cells, or in a block that touches it.
    """
    cells, inside = _cells(places, corner, size, 0)
    own, within = _cells(wanted, corner, size, MARGIN)
    yes, no = (_filled(cells[inside & which]) for which in (marked, ~marked))
    return tuple(within & (here & ~_around(others)).ravel()[own] for here, others in ((yes, no), (no, yes)))


def _cells(places: np.ndarray, corner: np.ndarray, size: float, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """The number of each place's cell, [N] int64, and whether it is in the grid, that far from its sides, [N] bool."""
    at = (places - corner) / size
    inside = ((at >= margin) & (at < CELLS - margin)).all(1)
    cells = np.where(inside[:, None], at, 0).astype(np.int64)
    return (cells[:, 0] * CELLS + cells[:, 1]) * CELLS + cells[:, 2], inside


def _filled(cells: np.ndarray) -> np.ndarray:  # [CELLS, CELLS, CELLS] bool
    found = np.zeros(CELLS**3, dtype=bool)
    found[cells] = True
    return found.reshape(CELLS, CELLS, CELLS)


def _around(cells: np.ndarray) -> np.ndarray:  # [CELLS, CELLS, CELLS] bool
    """All cells of blocks in which one of the given cells is, and of blocks that touch these."""
    half = CELLS // 2
    blocks = cells.reshape(half, 2, half, 2, half, 2).any((1, 3, 5))
    for axis in range(3):
        blocks = blocks | np.roll(blocks, 1, axis) | np.roll(blocks, -1, axis)
    return blocks.repeat(2, 0).repeat(2, 1).repeat(2, 2)


def _asked(wanted: np.ndarray, places: np.ndarray, marked: np.ndarray) -> np.ndarray:  # [M] bool
    """The same by a tree. What is asked in an order in which neighbors follow each other is answered in half the time."""
    tree, order = KDTree(len(places)), morton.morton_order(wanted)
    for index, place in enumerate(zip(*places.T.tolist(), strict=True)):
        tree.insert(place, index)
    tree.balance()
    answers = np.zeros(len(wanted), dtype=bool)
    answers[order] = marked[[tree.find(place)[1] for place in zip(*wanted[order].T.tolist(), strict=True)]]
    return answers
