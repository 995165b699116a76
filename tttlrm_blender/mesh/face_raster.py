# SPDX-License-Identifier: GPL-3.0-or-later
"""Rasterize faces with a z-buffer: which face covers each texel, and which faces are hidden."""

from __future__ import annotations

import numpy as np

from ..kernels import kernel

EDGE = 1e-6  # barycentric tolerance: texel centers this far outside are covered, those this far inside are never hidden
FLAT = 1e-12  # triangles of less than half this area, in texels, cover nothing


def rasterize_faces(
    triangles: np.ndarray,  # [M, 3, 2] float64, column and row in texels, whose centers are at +0.5
    heights: np.ndarray,  # [M, 3] float64, toward the viewer
    rows: int,
    columns: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The foremost triangle at each texel's center, [rows, columns] int32, −1 for none, and those hidden at any, [M] bool."""
    front, hidden = np.full((rows, columns), -1, dtype=np.int32), np.zeros(len(triangles), dtype=bool)
    _rasterize(triangles, heights, front, np.full((rows, columns), -np.inf))
    _find_hidden(triangles, front, hidden)
    return front, hidden


@kernel
def _rasterize(triangles, heights, front, highest):
    for face in range(len(triangles)):
        left, right, low, high = _bounds(triangles[face], front.shape)
        for row in range(low, high):
            for column in range(left, right):
                a, b, c = barycentric(triangles[face], column + 0.5, row + 0.5)
                if min(a, b, c) >= -EDGE:
                    height = a * heights[face, 0] + b * heights[face, 1] + c * heights[face, 2]
                    if height > highest[row, column]:
                        highest[row, column] = height
                        front[row, column] = face


@kernel
def _find_hidden(triangles, front, hidden):
    for face in range(len(triangles)):
        left, right, low, high = _bounds(triangles[face], front.shape)
        for row in range(low, high):
            for column in range(left, right):
                if front[row, column] != face:
                    a, b, c = barycentric(triangles[face], column + 0.5, row + 0.5)
                    hidden[face] |= min(a, b, c) > EDGE


@kernel
def _bounds(triangle, shape):
    """The columns `left` to `right` and rows `low` to `high`, ends excluded, of a picture that a triangle may cover."""
    x, y = triangle[:, 0], triangle[:, 1]
    left, right = np.floor(min(x[0], x[1], x[2]) - 0.5), np.ceil(max(x[0], x[1], x[2]) + 0.5)
    low, high = np.floor(min(y[0], y[1], y[2]) - 0.5), np.ceil(max(y[0], y[1], y[2]) + 0.5)
    return _clamped(left, shape[1]), _clamped(right, shape[1]), _clamped(low, shape[0]), _clamped(high, shape[0])


@kernel
def _clamped(place, most):
    """A whole number from 0 to `most`, for infinities and NaN too, which integers cannot hold."""
    return int(place) if 0 < place < most else most if place >= most else 0


@kernel
def barycentric(triangle, x, y) -> tuple[float, float, float]:
    """Barycentric coordinates of a point; all negative for triangles without area."""
    x0, y0 = triangle[0, 0] - x, triangle[0, 1] - y
    x1, y1 = triangle[1, 0] - x, triangle[1, 1] - y
    x2, y2 = triangle[2, 0] - x, triangle[2, 1] - y
    a, b, c = x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, x0 * y1 - x1 * y0
    area = a + b + c
    if abs(area) < FLAT:
        return -1.0, -1.0, -1.0
    return a / area, b / area, c / area


def rasterize_faces_reference(
    triangles: np.ndarray, heights: np.ndarray, rows: int, columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """`rasterize_faces` in plain numpy: every triangle over the whole picture, slow."""
    places = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=-1)
    coordinates = np.stack([_barycentric(triangle, places) for triangle in triangles])  # [M, rows, columns, 3]
    height = np.where((coordinates >= -EDGE).all(axis=-1), np.einsum("mrci,mi->mrc", coordinates, heights), -np.inf)
    front = np.where(height.max(axis=0) > -np.inf, height.argmax(axis=0), -1).astype(np.int32)
    inside = (coordinates > EDGE).all(axis=-1)
    return front, (inside & (front != np.arange(len(triangles))[:, None, None])).any(axis=(1, 2))


def _barycentric(triangle: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Barycentric coordinates [..., 3] of points [..., 2] in a triangle [3, 2]."""
    first, second = triangle[1] - triangle[0], triangle[2] - triangle[0]
    area = np.linalg.det([first, second])
    if abs(area) < FLAT:
        return np.full((*places.shape[:-1], 3), -1.0)
    two = (places - triangle[0]) @ np.linalg.inv([first, second])
    return np.concatenate([1 - two.sum(axis=-1, keepdims=True), two], axis=-1)
