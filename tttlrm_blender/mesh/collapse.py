# SPDX-License-Identifier: GPL-3.0-or-later
"""Collapse edges of a manifold: where to, at which cost, and which collapses keep it a manifold.

An edge may collapse if this keeps the topology, which the link condition tells (Dey, Edelsbrunner, Guha and Nekhayev 1999): the
ends have no common neighbors except across the edge's own faces. At borders it is that of a mesh closed by one more vertex.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..kernels import kernel
from ..render.cpu.vectors import add, cross, dot, load, scale, subtract

EVEN = 1e-3  # how much a place in the middle is preferred, relative to the quadric: decides where the surface is flat
BORDER = 1.0  # weight of distances from border lines, relative to those from faces
TURN = 0.5  # cosine of the largest turn of a face
TINY = 1e-300
THIN = 0.05  # faces of a lower shape are thin; those that are not do not become it


@kernel
def vertex_quadrics(points, faces, edges, opposite) -> np.ndarray:
    """Quadrics [N, 10] of vertices (Garland and Heckbert 1997): squared distances from planes of faces, weighted by area.

    A plane of its own through each border edge, upright on its face, keeps the border. Edges [E, 2] and their opposite vertices
    [E] are those of the border.
    """
    quadrics = np.zeros((len(points), 10))
    for f in range(len(faces)):
        p, q, r = load(points[faces[f, 0]]), load(points[faces[f, 1]]), load(points[faces[f, 2]])
        normal = cross(subtract(q, p), subtract(r, p))
        length = np.sqrt(dot(normal, normal)) + TINY
        for corner in range(3):
            _add_plane(quadrics[faces[f, corner]], scale(1 / length, normal), p, length / 2)
    for e in range(len(edges)):
        p = load(points[edges[e, 0]])
        along, across = subtract(load(points[edges[e, 1]]), p), subtract(load(points[opposite[e]]), p)
        square = dot(along, along)
        across = subtract(across, scale(dot(along, across) / (square + TINY), along))
        across = scale(1 / (np.sqrt(dot(across, across)) + TINY), across)
        for end in range(2):
            _add_plane(quadrics[edges[e, end]], across, p, BORDER * square)
    return quadrics


@kernel
def _add_plane(quadric, normal, point, weight):
    """Add the squared distance from a plane to a quadric: xx, xy, xz, yy, yz, zz, x, y, z, 1."""
    x, y, z = normal
    d = -dot(normal, point)
    quadric[0] += weight * x * x
    quadric[1] += weight * x * y
    quadric[2] += weight * x * z
    quadric[3] += weight * y * y
    quadric[4] += weight * y * z
    quadric[5] += weight * z * z
    quadric[6] += weight * x * d
    quadric[7] += weight * y * d
    quadric[8] += weight * z * d
    quadric[9] += weight * d * d


@kernel
def best_places(first, last, edges, points, quadrics, error, places, costs) -> None:
    """The places [E, 3] to which edges collapse at the least cost, and the costs [E], of the edges from `first` up to `last`.

    The cost is infinite if the place is farther than `error` from the planes, in the quadratic mean.
    """
    for e in range(first, last):
        u, v = edges[e, 0], edges[e, 1]
        q = quadrics[u] + quadrics[v]
        middle = (points[u] + points[v]) / 2
        even = EVEN * (q[0] + q[3] + q[5]) + TINY
        a, b, c, d, f, g = q[0] + even, q[1], q[2], q[3] + even, q[4], q[5] + even
        x, y, z = even * middle[0] - q[6], even * middle[1] - q[7], even * middle[2] - q[8]
        i, j, k = d * g - f * f, c * f - b * g, b * f - c * d
        determinant = a * i + b * j + c * k
        places[e, 0] = (i * x + j * y + k * z) / determinant
        places[e, 1] = (j * x + (a * g - c * c) * y + (b * c - a * f) * z) / determinant
        places[e, 2] = (k * x + (b * c - a * f) * y + (a * d - b * b) * z) / determinant
        x, y, z = places[e, 0], places[e, 1], places[e, 2]
        away = points[u] - points[v]
        cost = q[0] * x * x + q[3] * y * y + q[5] * z * z + 2 * (q[1] * x * y + q[2] * x * z + q[4] * y * z)
        cost += 2 * (q[6] * x + q[7] * y + q[8] * z) + q[9]
        costs[e] = max(cost, 0) + even * (away * away).sum() if cost <= error * error * (q[0] + q[3] + q[5]) else np.inf


@kernel
def collapse(edges, order, places, points, quadrics, faces, most) -> int:
    """Collapse edges in an order, until `most` faces are left; return how many are.

    An edge waits for the next call if a collapse has changed faces at its ends. Points, quadrics and faces change; faces that are
    gone are −1.
    """
    starts, around = faces_around(faces, len(points))
    touched, seen = np.zeros(len(points), np.bool_), np.zeros((2, len(points)), np.int16)
    count = len(faces)
    for e in order:
        if count <= most:
            break
        u, v, place = edges[e, 0], edges[e, 1], load(places[e])
        if touched[u] or touched[v] or not keeps_topology(u, v, faces, starts, around, seen):
            continue
        if not _keeps_shape(u, v, place, points, faces, starts, around):
            continue
        for end in (u, v):
            for n in range(starts[end], starts[end + 1]):
                if faces[around[n], 0] >= 0:
                    count -= _moved(faces[around[n]], u, v, touched)
        points[u] = places[e]
        quadrics[u] += quadrics[v]
    return count


@kernel
def _moved(face, u, v, touched):
    """Let a face at u or v have u instead of v, and mark its vertices; return whether it is gone since it had both."""
    both = 0
    for corner in range(3):
        touched[face[corner]] = True
        both += face[corner] == u or face[corner] == v
    for corner in range(3):
        if both == 2:
            face[corner] = -1
        elif face[corner] == v:
            face[corner] = u
    return both == 2


@kernel
def keeps_topology(u, v, faces, starts, around, seen) -> bool:
    """Whether the link condition holds; `seen` [2, N] is zero, before and after."""
    for side, end in ((0, u), (1, v)):
        for n in range(starts[end], starts[end + 1]):
            for corner in range(3):
                seen[side, faces[around[n], corner]] += 1
    own = seen[0, v]  # faces of the edge
    common, border_u, border_v, closed = 0, False, False, False
    for n in range(starts[u], starts[u + 1]):
        for corner in range(3):
            a = faces[around[n], corner]
            if a == u or seen[0, a] < 0:
                continue
            border_u |= seen[0, a] == 1
            if a != v and seen[1, a] > 0:
                common += 1
                closed |= own == 1 and seen[0, a] == 1 and seen[1, a] == 1  # a single triangle
            seen[0, a] = -seen[0, a]  # counted
    for n in range(starts[v], starts[v + 1]):
        opposite = 0
        for corner in range(3):
            a = faces[around[n], corner]
            border_v |= a != v and seen[1, a] == 1
            opposite += a != v and a != u and seen[0, a] != 0
        if opposite == 2:  # a face at v between two common neighbors: is there one at u, too?
            closed |= _has_face(u, v, faces[around[n]], faces, starts, around)
    for end in (u, v):
        for n in range(starts[end], starts[end + 1]):
            for corner in range(3):
                seen[:, faces[around[n], corner]] = 0
    return common == own and not closed and not (own == 2 and border_u and border_v)


@kernel
def _has_face(u, v, face, faces, starts, around):
    """Whether u has a face with the two vertices other than v of a face."""
    for n in range(starts[u], starts[u + 1]):
        other, same = faces[around[n]], 0
        for corner in range(3):
            for mate in range(3):
                same += face[corner] != v and face[corner] == other[mate]
        if same == 2:
            return True
    return False


@kernel
def _keeps_shape(u, v, place, points, faces, starts, around):
    """Whether no face turns over or becomes thin when u and v move to a place.

    A thin face's own normal means little: it is measured against the mean at u and v.
    """
    mean = (0.0, 0.0, 0.0)
    for end in (u, v):
        for n in range(starts[end], starts[end + 1]):
            p, q, r = load(points[faces[around[n], 0]]), load(points[faces[around[n], 1]]), load(points[faces[around[n], 2]])
            mean = add(mean, cross(subtract(q, p), subtract(r, p)))
    mean = scale(1 / (np.sqrt(dot(mean, mean)) + TINY), mean)
    for end, other in ((u, v), (v, u)):
        for n in range(starts[end], starts[end + 1]):
            a, b, c = faces[around[n], 0], faces[around[n], 1], faces[around[n], 2]
            if other in (a, b, c):
                continue
            p, q, r = load(points[a]), load(points[b]), load(points[c])
            before, shape_before = _normal_and_shape(p, q, r)
            after, shape = _normal_and_shape(place if a == end else p, place if b == end else q, place if c == end else r)
            thin = shape_before < THIN
            if dot(mean if thin else before, after) < TURN or (shape < THIN and not thin):
                return False
    return True


@kernel
def _normal_and_shape(p, q, r):
    """The normal of a triangle, and its shape: 0 for a line, 1 if equilateral."""
    a, b, c = subtract(q, p), subtract(r, q), subtract(p, r)
    normal = cross(a, b)
    length = np.sqrt(dot(normal, normal))
    return scale(1 / (length + TINY), normal), 2 * np.sqrt(3.0) * length / (dot(a, a) + dot(b, b) + dot(c, c) + TINY)


@kernel
def faces_around(faces, count) -> tuple[np.ndarray, np.ndarray]:
    """The faces at every vertex of `count`: those at vertex i are listed from starts[i] to starts[i + 1]."""
    starts = np.zeros(count + 1, np.int64)
    for f in range(len(faces)):
        for corner in range(3):
            starts[faces[f, corner] + 1] += 1
    starts = np.cumsum(starts)
    around, filled = np.empty(3 * len(faces), np.int64), starts[:-1].copy()
    for f in range(len(faces)):
        for corner in range(3):
            vertex = faces[f, corner]
            around[filled[vertex]] = f
            filled[vertex] += 1
    return starts, around


def keeps_topology_reference(u: int, v: int, faces: Iterable[Iterable[int]]) -> bool:
    """The link condition by its definition: lk(u) ∩ lk(v) = lk(uv), in the mesh that a cone over its border closes."""
    closed = {frozenset(face) for face in faces}
    sides = [edge for face in closed for edge in (face - {corner} for corner in face)]
    closed |= {edge | {-1} for edge in sides if sides.count(edge) == 1}

    def link(simplex: frozenset[int]) -> set[frozenset[int]]:
        rest = [face - simplex for face in closed if simplex <= face]
        return {frozenset(part) for each in rest for part in (each, *({corner} for corner in each))}

    return link(frozenset({u})) & link(frozenset({v})) == link(frozenset({u, v}))
