# SPDX-License-Identifier: GPL-3.0-or-later
"""Which splats: masks by place, color and whatever has a number, and how they are combined."""

from __future__ import annotations

import numpy as np

from ..errors import Code, TttlrmError
from .activations import to_colors

COMBINED = {  # a new mask alone, or with what was selected before
    "SET": lambda before, found: found,
    "ADD": lambda before, found: before | found,
    "SUB": lambda before, found: before & ~found,
    "AND": lambda before, found: before & found,
}
ISOLATION = 0.02  # of the scene's reach: the distance of neighbors where none is given,
SPARSE = 8.0  # and this over the root of the number of splats where they are few: they lie about surfaces
SAMPLE = 50_000  # points tell how far a scene reaches
CELLS = 2**19  # along half an axis, so that the number of a cube fits into 63 bits


def between(
    values: np.ndarray,  # [N]
    low: float,
    high: float,
) -> np.ndarray:  # [N] bool
    """Values from `low` to `high`, both included."""
    return (values >= low) & (values <= high)


def base_colors(
    base: np.ndarray,  # [N, 3], constant SH terms
) -> np.ndarray:  # [N, 3]
    """sRGB colors, 0 to 1, without what depends on the direction of view."""
    return np.clip(to_colors(base), 0, 1)


def like(
    colors: np.ndarray,  # [N, 3]
    color: np.ndarray,  # [3]
    tolerance: float,
) -> np.ndarray:  # [N] bool
    """Colors no farther from one than a tolerance: the largest difference of red, green and blue."""
    return np.logical_and.reduce([np.abs(colors[:, c] - np.float32(color[c])) <= tolerance for c in range(3)])


def in_ball(
    points: np.ndarray,  # [N, 3]
    matrix: np.ndarray,  # [4, 4], takes the unit ball to the space of the points
) -> np.ndarray:  # [N] bool
    """Points inside a ball that was moved, turned and stretched. Raises `TttlrmError` when it is flat."""
    return sum(axis * axis for axis in _undone(points, matrix)) <= 1


def in_box(
    points: np.ndarray,  # [N, 3]
    matrix: np.ndarray,  # [4, 4], takes the cube from −1 to 1 to the space of the points
) -> np.ndarray:  # [N] bool
    """Points inside a box that was moved, turned and stretched. Raises `TttlrmError` when it is flat."""
    return np.logical_and.reduce([np.abs(axis) <= 1 for axis in _undone(points, matrix)])


def _undone(points: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    """x, y and z of points before the matrix moved them."""
    matrix = np.asarray(matrix, dtype=np.float64)
    if not (np.isfinite(matrix).all() and abs(np.linalg.det(matrix[:3, :3])) > 1e-30):
        raise TttlrmError(
            "Nothing is inside: the shape is flat.", hint="Give it a size along all three axes.", code=Code.NO_VOLUME
        )
    return _times(np.linalg.inv(matrix), points)[:3]


def isolated(
    points: np.ndarray,  # [N, 3]
    neighbors: int,
    distance: float = 0.0,
) -> np.ndarray:  # [N] bool
    """Points with fewer than some number of others about a distance away: floaters.

    Space is cut into cubes with that distance as their side; the others are those in a point's own cube and in the 26 around it.
    A distance of 0 stands for the usual one.
    """
    if len(points) == 0:
        return np.zeros(0, dtype=bool)
    keys, row, layer = _cubes(points, distance or usual_distance(points))
    order = np.argsort(keys)
    ordered = keys[order]
    starts = np.concatenate(([0], np.flatnonzero(np.diff(ordered)) + 1, [len(keys)]))
    filled = ordered[starts[:-1]]
    counts = np.zeros(len(filled), dtype=np.int64)
    for step in (x * layer + y * row for x in (-1, 0, 1) for y in (-1, 0, 1)):
        # Cubes that follow each other along z have keys that do, so three of them are one stretch of the ordered keys.
        counts += starts[np.searchsorted(filled, filled + step + 2)] - starts[np.searchsorted(filled, filled + step - 1)]
    alone = np.empty(len(keys), dtype=bool)
    alone[order] = np.repeat(counts <= neighbors, np.diff(starts))
    return alone


def _cubes(points: np.ndarray, side: float) -> tuple[np.ndarray, int, int]:
    """[N] the numbers of the cubes that points are in, and how far those grow from one cube to the next along y and along x."""
    middle = _sampled_median(points)
    cells = [np.floor(np.clip((points[:, k] - middle[k]) / side, -CELLS, CELLS)).astype(np.int64) for k in range(3)]
    x, y, z = (cell - cell.min() + 1 for cell in cells)  # with an empty cube at either end
    row = int(z.max()) + 2
    layer = row * (int(y.max()) + 2)
    return x * layer + y * row + z, row, layer


def usual_distance(
    points: np.ndarray,  # [N, 3], at least one
) -> float:
    """About how far splats of a scene may be apart without being strays."""
    return max(ISOLATION, SPARSE / len(points) ** 0.5) * reach(points)


def reach(
    points: np.ndarray,  # [N, 3], at least one
) -> float:
    """The radius around their median that most points lie within, from a sample of them; 1 where they are all in one place."""
    distances = np.linalg.norm(_sample(points) - _sampled_median(points), axis=1)
    return float(np.quantile(distances, 0.9)) or 1.0


def _sampled_median(points: np.ndarray) -> np.ndarray:
    return np.median(_sample(points), axis=0)


def _sample(points: np.ndarray) -> np.ndarray:
    return np.asarray(points[:: len(points) // SAMPLE + 1], dtype=np.float64)


def to_pixels(
    points: np.ndarray,  # [N, 3]
    matrix: np.ndarray,  # [4, 4], to clip space: −1 to 1 after division by w
    size: tuple[int, int],  # width, height
) -> np.ndarray:  # [N, 2] float32
    """Where points are seen, in pixels from the lower left corner; NaN for those behind the eye."""
    x, y, _, w = _times(np.asarray(matrix, dtype=np.float64), points)
    w[w <= 0] = np.nan
    return np.stack(((x / w + 1) * np.float32(size[0] / 2), (y / w + 1) * np.float32(size[1] / 2)), axis=1)


def in_rectangle(
    pixels: np.ndarray,  # [N, 2]
    low: tuple[float, float],
    high: tuple[float, float],
) -> np.ndarray:  # [N] bool
    """Pixels within a rectangle."""
    return between(pixels[:, 0], low[0], high[0]) & between(pixels[:, 1], low[1], high[1])


def in_circle(
    pixels: np.ndarray,  # [N, 2]
    center: tuple[float, float],
    radius: float,
) -> np.ndarray:  # [N] bool
    """Pixels within a circle."""
    x, y = pixels[:, 0] - np.float32(center[0]), pixels[:, 1] - np.float32(center[1])
    return x * x + y * y <= radius * radius


def _times(matrix: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    """The rows of matrix · (points, 1), each [N] float32: a row is contiguous, and quicker to work with than a column."""
    x, y, z = np.ascontiguousarray(np.asarray(points, dtype=np.float32).T)
    a = matrix.astype(np.float32)
    return [row[0] * x + row[1] * y + row[2] * z + row[3] for row in a]
