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
    depth = np.full((size[1], size[0]), np.inf, np.float32)
    near = NEAR * max(float(np.abs(points).max(initial=0)), 1e-30)
    spread(_draw, size[1], depth, np.asarray(points, np.float64), np.ascontiguousarray(faces), intrinsics, near, pieces=4)
    return depth


@kernel
def _draw(first, last, depth, points, faces, intrinsics, near):
    """Draw the rows from `first` up to `last`."""
    fx, fy, cx, cy = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]
    for face in range(len(faces)):
        a, b, c = points[faces[face, 0]], points[faces[face, 1]], points[faces[face, 2]]
        left, right, low, high = _bounds(a, b, c, intrinsics, near)
        if not (left < depth.shape[1] and right > 0 and low < last and high > first):
            continue
        p, q, r = _cross(b, c), _cross(c, a), _cross(a, b)
        volume = a[0] * p[0] + a[1] * p[1] + a[2] * p[2]
        if volume == 0:
            continue
        for row in range(max(int(low), first), min(int(high) + 1, last)):
            y = (row + 0.5 - cy) / fy
            for column in range(max(int(left), 0), min(int(right) + 1, depth.shape[1])):
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
    """The pixels left, right, low and high around the part of a triangle before the camera; left exceeds right if none is."""
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
    most = 1e9  # so that whole numbers can hold it
    return max(left - 0.5, -most), min(right - 0.5, most), max(low - 0.5, -most), min(high - 0.5, most)


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
