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
    uv: np.ndarray | None = None  # [M, 3, 2] float32, where the faces' corners are in the texture, 0 to 1, v upwards
    texture: np.ndarray | None = None  # [B] uint8, a JPEG file in sRGB; None for a mesh that has only its vertices' colours

    def arrays(self) -> dict[str, np.ndarray]:
        """What the mesh has, by name."""
        return {name: array for name, array in vars(self).items() if array is not None}


def keep_faces(
    mesh: Mesh,
    keep: np.ndarray,  # [M] bool
) -> Mesh:
    """The mesh of some faces and of the vertices they use."""
    used, faces = np.unique(mesh.faces[keep], return_inverse=True)
    return Mesh(mesh.vertices[used], faces.reshape(-1, 3).astype(np.int32), mesh.colors[used])


def vertex_normals(mesh: Mesh) -> np.ndarray:
    """The normals [N, 3] float32 of the vertices: those of the faces around, weighted by their areas."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((len(mesh.vertices), 3))
    for corner in range(3):
        np.add.at(total, mesh.faces[:, corner], across)
    return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300)).astype(np.float32)


def drop_small_pieces(mesh: Mesh, share: float) -> Mesh:
    """The mesh without connected pieces that have less than a share (0 to 1) of the faces; the largest piece always stays."""
    first, second = mesh.faces[:, [0, 1]].ravel(), mesh.faces[:, [1, 2]].ravel()
    count = len(mesh.vertices)
    links = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(count, count))
    pieces = connected_components(links, directed=False)[1][mesh.faces[:, 0]]
    sizes = np.bincount(pieces)
    return keep_faces(mesh, sizes[pieces] >= min(share * len(mesh.faces), sizes.max()))
