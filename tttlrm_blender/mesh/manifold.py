# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as manifolds: every edge has one or two faces, and the faces around every vertex form one fan."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from trimesh import Trimesh

from ..kernels import kernel
from ..progress import Listen, unheard
from .mesh import colors_of, make_mesh, points_of

APART = 0.05  # how far repeated vertices move toward the middle of their faces
ENDS = ((0, 1), (1, 2), (2, 0))  # the corners at the ends of a face's edges


def edges_of(
    faces: np.ndarray,  # [M, 3]
) -> tuple[np.ndarray, np.ndarray]:  # [E, 2] int64, the lower vertex first, sorted; [3M], the edge of each side of the faces
    """The edges of a mesh; the sides of a face are those from its corners 0, 1 and 2 to the next."""
    faces = np.ascontiguousarray(faces, np.int64).reshape(-1, 3)
    return _edges(faces, int(faces.max(initial=-1)) + 1)


@kernel
def _edges(faces, count) -> tuple[np.ndarray, np.ndarray]:
    """Edges of faces whose vertices are below `count`. Sorting sides by counting their ends is faster than comparing them."""
    total = 3 * len(faces)
    ends = np.empty((2, total), np.int32)
    for f in range(len(faces)):
        for corner in range(3):
            a, b = faces[f, corner], faces[f, (corner + 1) % 3]
            ends[0, 3 * f + corner], ends[1, 3 * f + corner] = min(a, b), max(a, b)
    order = np.arange(total).astype(np.int32)
    for end in (1, 0):
        places = np.zeros(count + 1, np.int64)
        for side in range(total):
            places[ends[end, side] + 1] += 1
        places, before = np.cumsum(places), order
        order = np.empty_like(before)
        for side in before:
            order[places[ends[end, side]]] = side
            places[ends[end, side]] += 1
    edges, edge, found = np.empty((total, 2), np.int64), np.empty(total, np.int64), 0
    for side in order:
        low, high = ends[0, side], ends[1, side]
        if found == 0 or edges[found - 1, 0] != low or edges[found - 1, 1] != high:
            edges[found, 0], edges[found, 1] = low, high
            found += 1
        edge[side] = found - 1
    return edges[:found].copy(), edge


def split_nonmanifold(
    faces: np.ndarray,  # [M, 3], each of three different vertices
    listen: Listen = unheard,
) -> tuple[np.ndarray, np.ndarray]:  # [M, 3] int64, indices of the new vertices; [N], the vertex that each of these was
    """Cut a mesh open where it is not a manifold, by repeating vertices.

    Faces stay together across an edge if it has exactly two and these run through it in opposite directions; corners stay
    together if faces join them around their vertex. What is a manifold keeps its vertices, though maybe in another order.
    """
    faces = np.asarray(faces, np.int64)
    starts, ends = faces[:, ENDS].reshape(-1, 2).T
    _, edge = edges_of(faces)
    listen()
    order = np.argsort(edge, kind="stable")
    listen()
    pairs = order[_firsts_of_pairs(edge[order])[:, None] + np.arange(2)]  # [P, 2] sides, numbered like the corners they start at
    pairs = pairs[starts[pairs[:, 0]] == ends[pairs[:, 1]]]
    here, there = pairs.T
    following = np.arange(faces.size).reshape(-1, 3)[:, (1, 2, 0)].reshape(-1)
    joined = np.concatenate([[here, following[there]], [following[here], there]], axis=1)
    listen()
    fans = connected_components(coo_array((np.ones(joined.shape[1], bool), joined), (faces.size,) * 2), directed=False)[1]
    listen()
    _, first, fan = np.unique(fans, return_index=True, return_inverse=True)
    return fan.reshape(-1, 3), faces.reshape(-1)[first]


def _firsts_of_pairs(values: np.ndarray) -> np.ndarray:
    """Where the values that occur exactly twice start, in a sorted array."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, np.int64)
    return starts[np.diff(np.r_[starts, len(values)]) == 2]


def manifold(mesh: Trimesh, listen: Listen = unheard) -> Trimesh:
    """A mesh cut open where it is not a manifold; see `split_nonmanifold`. Of a manifold, the mesh itself.

    The vertices that were repeated move a little into their fans, so that programs that merge vertices at one place leave them.
    """
    faces, origin = split_nonmanifold(np.asarray(mesh.faces), listen)
    if len(origin) == len(mesh.vertices):
        return mesh
    points = points_of(mesh)[origin]
    repeated = np.bincount(origin)[origin] > 1
    points[repeated] += APART * (_means_around(points, faces) - points)[repeated]
    return make_mesh(points, faces, colors_of(mesh)[origin])


def _means_around(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The mean of the centers of the faces at each vertex, [N, 3]."""
    centers, corners = points[faces].mean(axis=1).repeat(3, axis=0), faces.reshape(-1)
    total = np.stack([np.bincount(corners, centers[:, axis], len(points)) for axis in range(3)], axis=1)
    return (total / np.maximum(np.bincount(corners, minlength=len(points)), 1)[:, None]).astype(np.float32)
