# SPDX-License-Identifier: GPL-3.0-or-later
"""Simplify a mesh to fewer triangles."""

from __future__ import annotations

import numpy as np

from ..kernels import spread
from ..progress import Listen, unheard
from .collapse import best_places, collapse, vertex_quadrics
from .manifold import edges_of

CHEAPEST = 0.3  # share of the edges that may collapse in one pass: close to the order of costs, in few passes
FEWEST = 0.01  # share of the faces that a pass should remove; else the next may collapse any edge


def simplify(
    vertices: np.ndarray,  # [N, 3]
    faces: np.ndarray,  # [M, 3]
    most: int,
    listen: Listen = unheard,
    error: float = np.inf,  # largest distance of a new vertex from the planes that it stands for, as a share of the mesh's size
) -> tuple[np.ndarray, np.ndarray]:  # [n, 3] float32, [m, 3] int32
    """Simplify a manifold to `most` faces, or to as few as its topology and the error allow: pieces, holes and handles stay.

    Edges collapse where the surface is flattest (quadrics, Garland and Heckbert 1997) and if no face turns over. Borders are as
    faithful as the surface. Each pass collapses edges that have no face in common, the cheapest first. fast-simplification and
    meshoptimizer are five times faster, but their results are not manifolds, nor do they keep borders without freezing them.
    """
    center, size = vertices.mean(axis=0), max(float(np.ptp(vertices, axis=0).max()), 1e-300)
    points, faces = (np.asarray(vertices, np.float64) - center) / size, np.array(faces, np.int64)
    edges, opposite = _borders(faces)
    quadrics = vertex_quadrics(points, faces, edges, opposite)
    share = CHEAPEST
    while len(faces) > most:
        listen()
        before, faces = len(faces), _pass(points, quadrics, faces, most, share, error)
        if len(faces) == before and share == 1:
            break
        share = CHEAPEST if before - len(faces) > FEWEST * before else 1
    used, faces = np.unique(faces, return_inverse=True)
    return (points[used] * size + center).astype(np.float32), faces.reshape(-1, 3).astype(np.int32)


def _borders(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges [E, 2] that have only one face, and the vertex [E] opposite in that face."""
    edges, edge = edges_of(faces)
    single = np.flatnonzero(np.bincount(edge)[edge] == 1)
    return edges[edge[single]], faces[:, (2, 0, 1)].reshape(-1)[single]


def _pass(points: np.ndarray, quadrics: np.ndarray, faces: np.ndarray, most: int, share: float, error: float) -> np.ndarray:
    """Collapse the cheapest edges, this share of all, as far as they have no face in common; return the faces left."""
    edges, _ = edges_of(faces)
    places, costs = np.empty((len(edges), 3)), np.empty(len(edges))
    spread(best_places, len(edges), edges, points, quadrics, error, places, costs)
    cheapest = np.argpartition(costs, min(int(share * len(edges)), len(edges) - 1))[: int(np.ceil(share * len(edges)))]
    cheapest = cheapest[np.isfinite(costs[cheapest])]
    collapse(edges, cheapest[np.argsort(costs[cheapest], kind="stable")], places, points, quadrics, faces, most)
    return faces[faces[:, 0] >= 0]
