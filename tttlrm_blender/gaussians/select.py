# SPDX-License-Identifier: GPL-3.0-or-later
"""Selection of splats: masks by position, color and other values, and their combinations."""

from __future__ import annotations

import numpy as np

from ..errors import Code, TttlrmError
from .activations import to_colors

COMBINED = {  # a new mask alone, or combined with the previous selection
    "SET": lambda before, found: found,
    "ADD": lambda before, found: before | found,
    "SUB": lambda before, found: before & ~found,
    "AND": lambda before, found: before & found,
}


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
    """sRGB colors, 0 to 1, without view dependence."""
    return np.clip(to_colors(base), 0, 1)


def like(
    colors: np.ndarray,  # [N, 3]
    color: np.ndarray,  # [3]
    tolerance: float,
) -> np.ndarray:  # [N] bool
    """Colors within a tolerance of one: the largest difference of red, green and blue counts."""
    return np.logical_and.reduce([np.abs(colors[:, c] - np.float32(color[c])) <= tolerance for c in range(3)])


def in_ball(
    points: np.ndarray,  # [N, 3]
    matrix: np.ndarray,  # [4, 4], from the unit ball to the space of the points
) -> np.ndarray:  # [N] bool
    """Points inside an ellipsoid, the unit ball under a matrix. Raises `TttlrmError` when it is flat."""
    return sum(axis * axis for axis in _undone(points, matrix)) <= 1


def in_box(
    points: np.ndarray,  # [N, 3]
    matrix: np.ndarray,  # [4, 4], from the cube of −1 to 1 to the space of the points
) -> np.ndarray:  # [N] bool
    """Points inside a parallelepiped, the cube under a matrix. Raises `TttlrmError` when it is flat."""
    return np.logical_and.reduce([np.abs(axis) <= 1 for axis in _undone(points, matrix)])


def _undone(points: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    """x, y and z of points under the inverse of the matrix."""
    matrix = np.asarray(matrix, dtype=np.float64)
    if not (np.isfinite(matrix).all() and abs(np.linalg.det(matrix[:3, :3])) > 1e-30):
        raise TttlrmError(
            "The shape is flat, so nothing is inside it.", hint="Give it a size along all three axes.", code=Code.NO_VOLUME
        )
    return _times(np.linalg.inv(matrix), points)[:3]


def to_pixels(
    points: np.ndarray,  # [N, 3]
    matrix: np.ndarray,  # [4, 4], to clip space: −1 to 1 after division by w
    size: tuple[int, int],  # width, height
) -> np.ndarray:  # [N, 2] float32
    """Points in pixels from the lower left corner of the view; NaN for points behind the eye."""
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


def in_outline(
    pixels: np.ndarray,  # [N, 2]
    corners: np.ndarray,  # [K, 2]
) -> np.ndarray:  # [N] bool
    """Pixels inside a closed outline, by the even-odd rule: a ray to the right crosses it an odd number of times.

    Only the pixels in the rows of an edge are tested against it.
    """
    inside = np.zeros(len(pixels), dtype=bool)
    if len(corners) < 3:
        return inside
    order = np.argsort(pixels[:, 1])  # NaN comes last
    rows = pixels[order, 1]
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, last = np.searchsorted(rows, sorted((y0, y1)))
        beside = order[first:last]
        crossing = x0 + (pixels[beside, 1] - y0) * ((x1 - x0) / ((y1 - y0) or 1.0))
        inside[beside] ^= pixels[beside, 0] < crossing
    return inside


def _times(matrix: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    """The rows of matrix · (points, 1), each [N] float32 and contiguous, so that work on them is fast."""
    x, y, z = np.ascontiguousarray(np.asarray(points, dtype=np.float32).T)
    a = matrix.astype(np.float32)
    return [row[0] * x + row[1] * y + row[2] * z + row[3] for row in a]
