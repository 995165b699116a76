# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing small holes of a surface."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from trimesh import Trimesh


def close_holes(mesh: Trimesh, diameter: float) -> Trimesh:
    """Close every hole that fits into a box with a diagonal of at most `diameter`, by triangles around its middle.

    Colors are lost.
    """
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    middles, fans = [vertices], [faces]
    count = len(vertices)
    for loop in loops(border(faces)):
        corners = vertices[loop]
        if np.linalg.norm(np.ptp(corners, axis=0)) > diameter:
            continue
        if len(loop) == 3:
            fans.append(loop[None, ::-1])
            continue
        middles.append(corners.mean(axis=0, keepdims=True))
        fans.append(np.stack([np.roll(loop, -1), loop, np.full(len(loop), count)], axis=1))
        count += 1
    return Trimesh(np.concatenate(middles), np.concatenate(fans), process=False)


def border(
    faces: np.ndarray,  # [M, 3]
) -> np.ndarray:  # [E, 2]
    """The edges with a face on one side only, in the direction of that face."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    base = int(edges.max(initial=0)) + 1
    return edges[~np.isin(edges @ [base, 1], edges @ [1, base])]


def loops(edges: np.ndarray) -> Iterator[np.ndarray]:
    """Closed chains [n] of vertices along border edges, none through a vertex twice: where holes touch, each is its own."""
    following: dict[int, list[int]] = defaultdict(list)
    for start, end in edges.tolist():
        following[start].append(end)
    for first in list(following):
        path, place = [first], {first: 0}
        while following[path[-1]]:
            vertex = following[path[-1]].pop()
            if vertex in place:
                loop = path[place[vertex] :]
                for left in loop[1:]:
                    del place[left]
                path = path[: place[vertex] + 1]
                yield np.array(loop)
            else:
                place[vertex] = len(path)
                path.append(vertex)
