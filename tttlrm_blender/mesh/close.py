# SPDX-License-Identifier: GPL-3.0-or-later
"""Close holes of a mesh."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import spsolve
from trimesh import Trimesh

from ..progress import Listen, unheard
from .manifold import edges_of
from .mesh import colors_of, make_mesh, points_of

SHEET = 0.6  # area across a border, relative to that of the surface, above which that is a sheet; half a sphere has 0.5
DEPTH = 0.05  # thickness of a base, relative to the root of its area
FEW = 6  # edges of a hole that one new vertex fills


def closed(mesh: Trimesh, longest: float = np.inf, listen: Listen = unheard) -> Trimesh:
    """A manifold whose holes with borders of up to this length are filled; if all, every edge has two faces.

    Each hole is filled by rings, of half as many vertices from one to the next, which form a membrane: new vertices are the
    means of their neighbors, and so are their colors. Other surfaces are not avoided. A surface that is mostly one sheet, such as
    a scene with its ground, gets a base below its outer border instead, or it would have no thickness.
    """
    points = points_of(mesh).astype(np.float64)
    loops = [loop for loop in border_loops(mesh.faces, listen) if _length(points[loop]) <= longest]
    if not loops:
        return mesh
    known, caps, area = np.concatenate([points, colors_of(mesh)], axis=1), [], mesh.area  # trimesh looks for changes each time
    for number, loop in enumerate(loops):
        listen()
        outward = _area_across(points[loop])
        if np.linalg.norm(outward) > SHEET * area:
            ring = len(known) + np.arange(len(loop))
            thick = DEPTH * np.linalg.norm(outward) ** -0.5
            known = np.concatenate([known, known[loop] + np.r_[outward * thick, 0, 0, 0]])
            caps += [np.stack([loop, np.roll(loop, -1), ring], 1), np.stack([np.roll(loop, -1), np.roll(ring, -1), ring], 1)]
            loops[number] = ring
    count = len(known)
    for loop in loops:
        listen()
        cap, count = _cap(loop, count)
        caps.append(cap)
    filled = _membrane(known, np.concatenate(caps), count)
    return make_mesh(filled[:, :3].astype(np.float32), np.concatenate([mesh.faces, *caps]), filled[:, 3:].astype(np.float32))


def _area_across(loop: np.ndarray) -> np.ndarray:
    """The area vector [3] of any surface in a closed line through points [n, 3]."""
    around = loop - loop.mean(axis=0)
    return np.cross(around, np.roll(around, -1, axis=0)).sum(axis=0) / 2


def _length(loop: np.ndarray) -> float:
    """The length of a closed line through points [n, 3]."""
    return float(np.linalg.norm(loop - np.roll(loop, 1, axis=0), axis=1).sum())


def border_loops(
    faces: np.ndarray,  # [M, 3], of a manifold
    listen: Listen = unheard,
) -> list[np.ndarray]:
    """The vertices of each closed border, in the order that faces which fill it go through them."""
    sides = np.asarray(faces, np.int64)[:, ((0, 1), (1, 2), (2, 0))].reshape(-1, 2)
    _, edge = edges_of(faces)
    listen()
    border = sides[np.bincount(edge)[edge] == 1]
    before = dict(zip(border[:, 1].tolist(), border[:, 0].tolist(), strict=True))
    loops = []
    while before:
        first, vertex = before.popitem()
        loop = [first]
        while vertex != first:
            loop.append(vertex)
            vertex = before.pop(vertex)
        listen()
        loops.append(np.array(loop))
    return loops


def _cap(loop: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Faces [F, 3] that fill a loop of vertices, with new vertices from number `count` on; and the number after these."""
    faces, outer = [], loop
    while len(outer) > FEW:
        inner = count + np.arange(len(outer) // 2)
        owner = np.arange(len(outer)) * len(inner) // len(outer)  # the inner vertex of each outer edge
        faces.append(np.stack([outer, np.roll(outer, -1), inner[owner]], axis=1))
        turns = np.flatnonzero(np.roll(owner, -1) != owner)  # where the outer vertex after the edge begins the next one's
        faces.append(np.stack([np.roll(outer, -1)[turns], inner[np.roll(owner, -1)[turns]], inner[owner[turns]]], axis=1))
        outer, count = inner, count + len(inner)
    if len(outer) == 3:
        return np.concatenate([*faces, outer[None]]), count
    faces.append(np.stack([outer, np.roll(outer, -1), np.full(len(outer), count)], axis=1))
    return np.concatenate(faces), count + 1


def _membrane(known: np.ndarray, caps: np.ndarray, count: int) -> np.ndarray:
    """Values [count, C] of all vertices: the known ones [N, C], then those of new ones, means of their neighbors in the caps."""
    edges, _ = edges_of(caps)
    ends = np.concatenate([edges, edges[:, ::-1]])
    ends = ends[ends[:, 0] >= len(known)]
    row = ends[:, 0] - len(known)
    beside = csr_array((np.ones(len(row)), (row, ends[:, 1])), shape=(count - len(known), count))
    if not beside.shape[0]:
        return known
    degree = csr_array((beside.sum(axis=1), (np.arange(beside.shape[0]),) * 2))
    new = spsolve((degree - beside[:, len(known) :]).tocsc(), beside[:, : len(known)] @ known)
    return np.concatenate([known, new.reshape(-1, known.shape[1])])
