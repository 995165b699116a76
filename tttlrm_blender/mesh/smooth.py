# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth a surface and keep its edges: bilateral filtering of the faces' normals."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ..progress import Listen, unheard
from .manifold import edges_of

ALIKE = 0.4  # difference of unit normals at which the weight of a neighbor falls to 61 %: 23 degrees
THINNEST = 0.01  # height, relative to the median, below which faces count as if they had it
SETTLING = 2  # moves of the vertices for each filtering of the normals


def smoothed(
    vertices: np.ndarray,  # [N, 3]
    faces: np.ndarray,  # [M, 3]
    steps: int,
    listen: Listen = unheard,
) -> np.ndarray:  # [N, 3] float32
    """The vertices of a smoother surface.

    Each step replaces a face's normal by the mean of its neighbors', weighted by area and likeness (Zheng, Fu, Au and Tai 2011),
    so that creases stay. Then vertices move along the new normals until faces agree with them (Sun, Rosin, Martin and Langbein
    2007), and barely along the surface or its borders.
    """
    points = np.array(vertices, np.float64)
    normals, areas = _normals(points, faces)
    beside, corners = _neighbors(faces), _corners(points, faces, areas)
    for _ in range(steps):
        listen()
        normals = _filtered(normals, areas, beside)
    for _ in range(SETTLING * steps):
        listen()
        centers = points[faces].mean(axis=1)
        heights = (normals * centers).sum(axis=1, keepdims=True)  # of the planes that faces should lie in
        tensors = (normals[:, :, None] * normals[:, None, :]).reshape(-1, 9)
        pull = corners @ (heights * normals) - (((corners @ tensors).reshape(-1, 3, 3)) @ points[:, :, None])[:, :, 0]
        points += pull
    return points.astype(np.float32)


def _normals(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals [M, 3], and areas [M], of faces."""
    across = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    lengths = np.linalg.norm(across, axis=1)
    return across / np.maximum(lengths, 1e-300)[:, None], lengths / 2


def _filtered(normals: np.ndarray, areas: np.ndarray, beside: csr_array) -> np.ndarray:
    """Normals after one step."""
    rows = np.repeat(np.arange(len(normals)), np.diff(beside.indptr))
    unlike = ((normals[rows] - normals[beside.indices]) ** 2).sum(axis=1)
    weights = np.exp(-unlike / (2 * ALIKE**2)) * areas[beside.indices]
    mixed = areas[:, None] * normals + csr_array((weights, beside.indices, beside.indptr), beside.shape) @ normals
    return mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-300)


def _neighbors(faces: np.ndarray) -> csr_array:
    """Which faces of a manifold have an edge in common, [M, M]."""
    _, edge = edges_of(faces)
    order = np.argsort(edge, kind="stable")
    same = edge[order[1:]] == edge[order[:-1]]
    a, b = order[:-1][same] // 3, order[1:][same] // 3
    return csr_array((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(len(faces),) * 2)


def _corners(points: np.ndarray, faces: np.ndarray, areas: np.ndarray) -> csr_array:
    """The shares that faces have in moving their vertices, [N, M]: more for thin ones, which small moves turn the most."""
    corners = points[faces]
    heights = areas / np.maximum(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1), 1e-300)
    pull = (1 / np.maximum(heights, THINNEST * max(np.median(heights), 1e-300))).repeat(3)
    vertices, owners = np.asarray(faces).reshape(-1), np.repeat(np.arange(len(faces)), 3)
    total = np.bincount(vertices, pull, len(points))
    return csr_array((pull / total[vertices], (vertices, owners)), shape=(len(points), len(faces)))
