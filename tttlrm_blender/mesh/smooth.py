# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth a surface and keep its edges: bilateral filtering of the faces' normals."""

from __future__ import annotations

import math

import numpy as np

from ..kernels import kernel, spread
from ..progress import Listen, unheard
from .collapse import faces_around
from .manifold import edges_of

ALIKE = 0.4  # difference of unit normals at which the weight of a neighbor falls to 61 %: 23 degrees
THINNEST = 0.01  # height, relative to the median, below which faces count as if they had it
SETTLING = 2  # moves of the vertices for each filtering of the normals
TINY = 1e-300


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
    points, faces = np.array(vertices, np.float64), np.asarray(faces, np.int64)
    normals, areas, heights = np.empty((len(faces), 3)), np.empty(len(faces)), np.empty(len(faces))
    spread(_shapes, len(faces), points, faces, normals, areas, heights)
    beside = _beside(edges_of(faces)[1])
    for _ in range(steps):
        listen()
        mixed = np.empty_like(normals)
        spread(_filter, len(faces), normals, areas, beside, mixed)
        normals = mixed
    # Thin faces pull more, as small moves turn them the most.
    least = THINNEST * float(np.median(heights)) if len(faces) else 0.0
    pulls = 1 / np.maximum(heights, max(least, TINY))
    starts, around = faces_around(faces, len(points))
    for _ in range(SETTLING * steps):
        listen()
        moved = np.empty_like(points)
        spread(_move, len(points), points, faces, normals, pulls, starts, around, moved)
        points = moved
    return points.astype(np.float32)


@kernel
def _shapes(first, last, points, faces, normals, areas, heights) -> None:
    """Unit normals, areas, and least heights of the faces from `first` up to `last`."""
    for f in range(first, last):
        a, b, c = points[faces[f, 0]], points[faces[f, 1]], points[faces[f, 2]]
        across = np.cross(b - a, c - a)
        length = math.sqrt((across * across).sum())
        normals[f] = across / max(length, TINY)
        areas[f] = length / 2
        longest = max(((b - a) ** 2).sum(), ((c - b) ** 2).sum(), ((a - c) ** 2).sum())
        heights[f] = areas[f] / max(math.sqrt(longest), TINY)


@kernel
def _beside(edge):
    """The faces beside every face of a manifold, across each of its three sides with their edges [3M]: [M, 3], −1 for none."""
    beside, first = np.full(len(edge), -1), np.full(edge.max() + 1 if len(edge) else 0, -1)
    for side in range(len(edge)):
        other = first[edge[side]]
        if other < 0:
            first[edge[side]] = side
        elif beside[other] < 0:
            beside[side], beside[other] = other // 3, side // 3
    return beside.reshape(-1, 3)


@kernel
def _filter(first, last, normals, areas, beside, mixed) -> None:
    """Normals after one step, of the faces from `first` up to `last`."""
    for f in range(first, last):
        x, y, z = areas[f] * normals[f, 0], areas[f] * normals[f, 1], areas[f] * normals[f, 2]
        for side in range(3):
            other = beside[f, side]
            if other >= 0:
                unlike = 0.0
                for axis in range(3):
                    unlike += (normals[f, axis] - normals[other, axis]) ** 2
                weight = math.exp(-unlike / (2 * ALIKE**2)) * areas[other]
                x += weight * normals[other, 0]
                y += weight * normals[other, 1]
                z += weight * normals[other, 2]
        length = max(math.sqrt(x * x + y * y + z * z), TINY)
        mixed[f, 0], mixed[f, 1], mixed[f, 2] = x / length, y / length, z / length


@kernel
def _move(first, last, points, faces, normals, pulls, starts, around, moved) -> None:
    """Move the vertices from `first` up to `last` toward the planes through their faces' centers, across the normals."""
    for v in range(first, last):
        x = y = z = total = 0.0
        for n in range(starts[v], starts[v + 1]):
            f = around[n]
            away = 0.0
            for axis in range(3):
                center = (points[faces[f, 0], axis] + points[faces[f, 1], axis] + points[faces[f, 2], axis]) / 3
                away += normals[f, axis] * (center - points[v, axis])
            x += pulls[f] * away * normals[f, 0]
            y += pulls[f] * away * normals[f, 1]
            z += pulls[f] * away * normals[f, 2]
            total += pulls[f]
        total = max(total, TINY)
        moved[v, 0], moved[v, 1], moved[v, 2] = points[v, 0] + x / total, points[v, 1] + y / total, points[v, 2] + z / total
