# SPDX-License-Identifier: GPL-3.0-or-later
"""What a camera sees of a mesh: the depth of the foremost face at every pixel."""

from __future__ import annotations

import numpy as np

from ..kernels import kernel, spread

NEAR = 1e-6  # relative to the mesh's distance; what is nearer to the camera's plane is cut off


def draw_depth(
    points: np.ndarray,  # [N, 3], vertices in camera axes
    faces: np.ndarray,  # [M, 3], indices of vertices
    intrinsics: np.ndarray,  # [4], fx fy cx cy in pixels
    size: tuple[int, int],  # width and height
) -> np.ndarray:  # [H, W] float32
    """The depth z of the nearest face, from either side, at every pixel's center; infinite where there is none.

    Faces are drawn in homogeneous coordinates (Olano and Greer 1997), so those that reach behind the camera need no clipping.
    """
    depth, boxes = np.full((size[1], size[0]), np.inf, np.float32), np.empty((len(faces), 4), np.int32)
    near = NEAR * max(float(np.abs(points).max(initial=0)), 1e-30)
    points, faces = np.asarray(points, np.float64), np.ascontiguousarray(faces)
    spread(_box, len(faces), boxes, points, faces, intrinsics, near)
    spread(_draw, size[1], depth, boxes, points, faces, intrinsics, pieces=4)
    return depth


@kernel
def _box(first, last, boxes, points, faces, intrinsics, near):
    """Find the first and last columns and rows, ends included, of the faces from `first` up to `last`."""
    for face in range(first, last):
        a, b, c = points[faces[face, 0]], points[faces[face, 1]], points[faces[face, 2]]
        left, right, low, high = _bounds(a, b, c, intrinsics, near)
        boxes[face, 0], boxes[face, 1] = int(np.ceil(left)), int(np.floor(right))
        boxes[face, 2], boxes[face, 3] = int(np.ceil(low)), int(np.floor(high))


@kernel
def _draw(first, last, depth, boxes, points, faces, intrinsics):
    """Draw the rows from `first` up to `last`."""
    fx, fy, cx, cy = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]
    for face in range(len(faces)):
        left, right = max(boxes[face, 0], 0), min(boxes[face, 1], depth.shape[1] - 1)
        low, high = max(boxes[face, 2], first), min(boxes[face, 3], last - 1)
        if left > right or low > high:
            continue
        a, b, c = points[faces[face, 0]], points[faces[face, 1]], points[faces[face, 2]]
        p, q, r = _cross(b, c), _cross(c, a), _cross(a, b)
        volume = a[0] * p[0] + a[1] * p[1] + a[2] * p[2]
        if volume == 0:
            continue
        for row in range(low, high + 1):
            y = (row + 0.5 - cy) / fy
            for column in range(left, right + 1):
                x = (column + 0.5 - cx) / fx
                s = (p[0] * x + p[1] * y + p[2]) / volume
                t = (q[0] * x + q[1] * y + q[2]) / volume
                u = (r[0] * x + r[1] * y + r[2]) / volume
                if s >= 0 and t >= 0 and u >= 0 and (s + t + u) * depth[row, column] > 1:
                    depth[row, column] = 1 / (s + t + u)


@kernel
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@kernel
def _bounds(a, b, c, intrinsics, near):
    """Left, right, low and high, in pixels from the first one's center, of the part of a triangle before the camera.

    Left exceeds right if there is none.
    """
    left, right, low, high = np.inf, -np.inf, np.inf, -np.inf
    for start, end in ((a, b), (b, c), (c, a)):
        x, y, z = start[0], start[1], start[2]
        if (z > near) != (end[2] > near):  # the edge's intersection with the plane at `near`
            share = (near - z) / (end[2] - z)
            u = intrinsics[0] * (x + share * (end[0] - x)) / near + intrinsics[2]
            v = intrinsics[1] * (y + share * (end[1] - y)) / near + intrinsics[3]
            left, right, low, high = min(left, u), max(right, u), min(low, v), max(high, v)
        if z > near:
            u, v = intrinsics[0] * x / z + intrinsics[2], intrinsics[1] * y / z + intrinsics[3]
            left, right, low, high = min(left, u), max(right, u), min(low, v), max(high, v)
    return _clamped(left - 0.5), _clamped(right - 0.5), _clamped(low - 0.5), _clamped(high - 0.5)


@kernel
def _clamped(place):
    """So that whole numbers can hold it."""
    return max(min(place, 1e9), -1e9)


def draw_depth_reference(points: np.ndarray, faces: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`draw_depth` in plain numpy: every face over the whole picture."""
    columns, rows = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    rays = np.stack([(columns - intrinsics[2]) / intrinsics[0], (rows - intrinsics[3]) / intrinsics[1], np.ones_like(rows)], -1)
    depth = np.full(rows.shape, np.inf)
    for triangle in np.asarray(points, np.float64)[faces]:
        if np.linalg.det(triangle) == 0:
            continue
        shares = rays @ np.linalg.inv(triangle)  # of the corners in a point of the plane, over its depth
        inside = (shares >= 0).all(-1) & (shares.sum(-1) > 0)
        depth[inside] = np.minimum(depth[inside], 1 / shares.sum(-1)[inside])
    return depth.astype(np.float32)
