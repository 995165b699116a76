# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be cleaned away: floaters and fog, which show from beside the photos and which photos hardly miss; and what is not.

Neighbors are looked for along Morton curves: Z-shaped curves through space, on which what is near in space is mostly near, too.
Several shifted curves find what one of them tears apart. It takes numpy alone, and less than a second for 400,000 splats.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .look import nearest

BITS = 21  # of each coordinate, so that codes fit into 63 bits
REACH = 32.0  # times the usual distance from the middle: what is farther away has the coordinates of the border
SHIFTS = (1 / 6, 3 / 10, 5 / 6)  # of half the width of the curves, along all axes; the middle is then near no border of theirs
STEPS = 6  # along a curve: splats at most that far apart on it may be neighbors
FEW, SHARE = 30, 0.1  # splats in a group of floaters: fewer than both that many and this share of the largest group
UNSEEN = 0.02  # opacity below which a splat connects no others
WINDOW = 16  # splats before and after one on a curve, which tell the size that is usual there
LARGE = 3.0  # times the size that is usual around a splat
FAINT = 0.12  # opacity of fog at full strength; it grows with the square of the strength
VEIL = 0.1  # size over distance from the nearest camera
NEAR = 0.7  # of the usual distance from the nearest camera: that of veils at full strength
FINE = 2.0  # times the median of all sizes: fine splats at most
OUTSIDE = 0.01  # share of the fine splats on either side of a box around them
MARGIN = 0.05  # of that box, added on either side
SAMPLE = 50_000  # splats from which usual distances are measured


def floaters(
    means: np.ndarray,  # [N, 3]
    scales: np.ndarray,  # [N, 3]
    opacities: np.ndarray,  # [N]
    strictness: float,  # 0 to 1; the stricter, the nearer neighbors have to be
) -> np.ndarray:  # [N] bool
    """Mask of the splats in small groups that hang in the air.

    Neighbors belong to one group if the distance of their centers is at most the sum of their sizes over the strictness. Sizes
    count, as few large splats stand for distant surroundings, which are sparse everywhere. Splats that can hardly be seen
    hold nothing together.
    """
    if not strictness or not len(means):
        return np.zeros(len(means), dtype=bool)
    group = groups(means, np.where(opacities < UNSEEN, 0, middle(scales) / np.float32(strictness)))
    counts = np.bincount(group, minlength=len(group))[group]
    return counts < min(FEW, SHARE * counts.max())


def groups(
    means: np.ndarray,  # [N, 3]
    radii: np.ndarray,  # [N]
) -> np.ndarray:  # [N] int64
    """For each splat the lowest number of those that it is connected with, through neighbors whose balls touch."""
    group = np.arange(len(means))
    for order in _curves(means):
        x, y, z = means[order].T
        radius = radii[order]
        for step in range(1, min(STEPS, len(order) - 1) + 1):
            squares = sum((axis[step:] - axis[:-step]) ** 2 for axis in (x, y, z))
            touching = np.flatnonzero(squares <= (radius[step:] + radius[:-step]) ** 2)
            group = _joined(group, order[touching], order[touching + step])
    return group


def fog(
    means: np.ndarray,  # [N, 3]
    scales: np.ndarray,  # [N, 3]
    opacities: np.ndarray,  # [N]
    eyes: np.ndarray,  # [V, 3]; may be none
    strength: float,  # 0 to 1
) -> np.ndarray:  # [N] bool
    """Mask of faint splats much larger than those around them, and of veils: what covers much of the view of a near camera."""
    if not strength or not len(means):
        return np.zeros(len(means), dtype=bool)
    sizes = middle(scales)
    mask = (opacities < FAINT * strength**2) & (sizes > LARGE * _usual_sizes(means, sizes))
    if len(eyes):
        distances = nearest(means, eyes)
        mask |= (sizes > VEIL * distances) & (distances < NEAR * strength * np.median(distances))
    return mask


def subject(
    means: np.ndarray,  # [N, 3], at least one
    sizes: np.ndarray,  # [N]
    wanted: np.ndarray,  # [N] bool: those that are neither faint nor to be cleaned away
) -> tuple[np.ndarray, np.ndarray]:  # [3], [3]
    """The lowest and the highest corner of a box around the fine splats: sky and blurred surroundings are made of large ones."""
    fine = wanted & (sizes <= FINE * np.median(sizes))
    low, high = np.quantile(means[fine] if fine.any() else means, [OUTSIDE, 1 - OUTSIDE], axis=0)
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def middle(
    scales: np.ndarray,  # [N, 3]
) -> np.ndarray:  # [N]
    """The sizes of splats: their middle scales. The largest is that of fibers too, and the smallest next to nothing."""
    a, b, c = np.asarray(scales).T
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


def _usual_sizes(means: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The geometric mean of the sizes around each splat on a Morton curve: [N]."""
    order = next(_curves(means))
    totals = np.concatenate(([0.0], np.cumsum(np.log(np.maximum(sizes[order], 1e-30)), dtype=np.float64)))
    places = np.arange(len(order))
    low, high = np.maximum(places - WINDOW, 0), np.minimum(places + WINDOW + 1, len(order))
    usual = np.empty(len(order))
    usual[order] = np.exp((totals[high] - totals[low]) / (high - low))
    return usual


def _curves(means: np.ndarray) -> Iterator[np.ndarray]:
    """The numbers of the splats in the order of each Morton curve: [N]."""
    sample = np.asarray(means[:: len(means) // SAMPLE + 1], dtype=np.float64)
    center = np.median(sample, axis=0)
    reach = REACH * (np.median(np.linalg.norm(sample - center, axis=1)) or 1.0)
    inside = np.clip((means - center) / reach, -1, 1)
    for shift in SHIFTS:
        code = np.zeros(len(means), dtype=np.uint64)
        for axis in range(3):
            cells = ((inside[:, axis] + 1 + 2 * shift) * ((1 << BITS) - 1) / 4).astype(np.uint64)
            code |= _spread(cells) << np.uint64(axis)
        yield np.argsort(code, kind="stable")


def _spread(cells: np.ndarray) -> np.ndarray:
    """Numbers of 21 bits with two zeros before each bit."""
    for shift, mask in ((32, 0x1F00000000FFFF), (16, 0x1F0000FF0000FF), (8, 0x100F00F00F00F00F), (4, 0x10C30C30C30C30C3)):
        cells = (cells | cells << np.uint64(shift)) & np.uint64(mask)
    return (cells | cells << np.uint64(2)) & np.uint64(0x1249249249249249)


def _joined(group: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Groups [N] after those of some splats [K] and of their partners [K] have become one; each is named by its first splat."""
    while True:
        first, second = group[first], group[second]
        apart = np.flatnonzero(first != second)
        if not len(apart):
            return group
        first, second = first[apart], second[apart]
        group[np.maximum(first, second)] = np.minimum(first, second)
        while not np.array_equal(named := group[group], group):
            group = named
