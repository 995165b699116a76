# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh with coloured vertices. Faces turn anticlockwise seen from outside."""

    vertices: np.ndarray  # [N, 3] float32, world units
    faces: np.ndarray  # [M, 3] int32, indices of vertices
    colors: np.ndarray  # [N, 3] float32, sRGB 0 to 1


def keep_faces(
    mesh: Mesh,
    keep: np.ndarray,  # [M] bool
) -> Mesh:
    """The mesh of some faces and of the vertices they use."""
    used, faces = np.unique(mesh.faces[keep], return_inverse=True)
    return Mesh(mesh.vertices[used], faces.reshape(-1, 3).astype(np.int32), mesh.colors[used])


def drop_small_pieces(mesh: Mesh, share: float) -> Mesh:
    """The mesh without connected pieces that have less than a share (0 to 1) of the faces; the largest piece always stays."""
    first, second = mesh.faces[:, [0, 1]].ravel(), mesh.faces[:, [1, 2]].ravel()
    count = len(mesh.vertices)
    links = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(count, count))
    pieces = connected_components(links, directed=False)[1][mesh.faces[:, 0]]
    sizes = np.bincount(pieces)
    return keep_faces(mesh, sizes[pieces] >= min(share * len(mesh.faces), sizes.max()))
