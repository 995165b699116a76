# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact depth maps of a mesh, for photo sets that were rendered from one."""

from __future__ import annotations

import numpy as np

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.kernels import kernel

NEAR = 0.05  # faces that reach nearer to a camera are left out
LONGEST = 0.7  # edges are cut until they are shorter, so that large faces are not left out


def exact_depth(vertices: np.ndarray, faces: np.ndarray, cameras: Cameras) -> np.ndarray:
    """Depth [V, H, W] of vertices [N, 3] and faces [M, 3] in every camera, infinite where there is nothing."""
    width, height = cameras.sizes[0]
    depth = np.full((len(cameras), height, width), np.inf)
    for view, c2w in enumerate(cameras.c2w):
        local = (vertices - c2w[:3, 3]) @ c2w[:3, :3]
        _draw(local, faces, cameras.intrinsics[view], depth[view])
    return depth


def cut_large(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces with every long face cut in four."""
    while (large := np.linalg.norm(vertices[faces] - vertices[np.roll(faces, -1, 1)], axis=2).max(1) > LONGEST).any():
        cut = faces[large]
        middles = len(vertices) + np.arange(cut.size).reshape(-1, 3)
        vertices = np.concatenate([vertices, ((vertices[cut] + vertices[np.roll(cut, -1, 1)]) / 2).reshape(-1, 3)])
        corners = [np.stack([cut[:, k], middles[:, k], middles[:, k - 1]], 1) for k in range(3)]
        faces = np.concatenate([faces[~large], *corners, middles])
    return vertices, faces


@kernel
def _draw(local, faces, intrinsics, depth) -> None:
    """Draw faces of vertices in camera axes into a depth map."""
    height, width = depth.shape
    fx, fy, cx, cy = intrinsics
    for face in faces:
        a, b, c = local[face[0]], local[face[1]], local[face[2]]
        if min(a[2], b[2], c[2]) < NEAR:
            continue
        ax, bx, kx = fx * a[0] / a[2] + cx, fx * b[0] / b[2] + cx, fx * c[0] / c[2] + cx
        ay, by, ky = fy * a[1] / a[2] + cy, fy * b[1] / b[2] + cy, fy * c[1] / c[2] + cy
        area = (bx - ax) * (ky - ay) - (by - ay) * (kx - ax)
        if abs(area) < 1e-12:
            continue
        for y in range(max(int(np.floor(min(ay, by, ky) - 0.5)), 0), min(int(np.ceil(max(ay, by, ky) + 0.5)), height)):
            for x in range(max(int(np.floor(min(ax, bx, kx) - 0.5)), 0), min(int(np.ceil(max(ax, bx, kx) + 0.5)), width)):
                p, q = x + 0.5, y + 0.5
                first = ((bx - p) * (ky - q) - (by - q) * (kx - p)) / area
                second = ((kx - p) * (ay - q) - (ky - q) * (ax - p)) / area
                third = 1 - first - second
                if min(first, second, third) > -1e-9:
                    depth[y, x] = min(depth[y, x], 1 / (first / a[2] + second / b[2] + third / c[2]))
