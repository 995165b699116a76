# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface of a scene: a `trimesh.Trimesh`, and where in it colours and texture are.

Vertices are in world units; faces turn anticlockwise seen from outside. Meshes are made here, so that no vertices are merged or
reordered, and are not changed afterwards. trimesh calculates in float64 and int64, while float32 and int32 travel and are stored.

What of trimesh is not used is too slow for a million faces, or measures with tolerances in world units, of which scenes may have
any: `vertex_normals` here, `charts.Faces`, `simplify` and `glb_bytes` name their figures.
"""

from __future__ import annotations

import numpy as np
from trimesh import Trimesh
from trimesh.graph import connected_component_labels

COLORS, UV, TEXTURE = "color", "uv", "texture"  # among the attributes of vertices, of faces, and the metadata


def make_mesh(
    vertices: np.ndarray,  # [N, 3], world units
    faces: np.ndarray,  # [M, 3], indices of vertices
    colors: np.ndarray,  # [N, 3] float32, of the vertices, sRGB 0 to 1
    uv: np.ndarray | None = None,  # [M, 3, 2] float32, where the faces' corners are in the texture, 0 to 1, v upwards
    texture: np.ndarray | None = None,  # [B] uint8, a JPEG file in sRGB; None for a mesh that has only its vertices' colours
) -> Trimesh:
    """A mesh of exactly these vertices and faces."""
    mesh = Trimesh(vertices, faces, vertex_attributes={COLORS: colors}, process=False)
    if uv is not None:
        mesh.face_attributes[UV] = uv
    if texture is not None:
        mesh.metadata[TEXTURE] = texture
    return mesh


def mesh_arrays(mesh: Trimesh) -> dict[str, np.ndarray]:
    """What `make_mesh` makes the same mesh of, by name, as it travels: vertices float32, faces int32."""
    arrays = {"vertices": points_of(mesh), "faces": np.asarray(mesh.faces, np.int32), "colors": colors_of(mesh)}
    worn = {"uv": uv_of(mesh), "texture": texture_of(mesh)}
    return arrays | {name: array for name, array in worn.items() if array is not None}


def points_of(mesh: Trimesh) -> np.ndarray:
    """The vertices of a mesh, [N, 3] float32, world units."""
    return np.asarray(mesh.vertices, np.float32)


def colors_of(mesh: Trimesh) -> np.ndarray:
    """The colours of its vertices, [N, 3] float32, sRGB 0 to 1. trimesh's own have 8 bits, which show steps in the dark."""
    return np.asarray(mesh.vertex_attributes[COLORS], np.float32)


def uv_of(mesh: Trimesh) -> np.ndarray | None:
    """Where the faces' corners are in the texture, [M, 3, 2] float32, 0 to 1, v upwards; None without a texture."""
    return np.asarray(mesh.face_attributes[UV], np.float32) if UV in mesh.face_attributes else None


def texture_of(mesh: Trimesh) -> np.ndarray | None:
    """Its texture, the bytes [B] uint8 of a JPEG file in sRGB; None for a mesh that has only its vertices' colours."""
    return mesh.metadata.get(TEXTURE)


def vertex_normals(mesh: Trimesh) -> np.ndarray:
    """The normals [N, 3] float32 of the vertices: those of the faces around, weighted by their areas.

    `Trimesh.vertex_normals` takes three times as long (0.53 s of a CPU for a million faces, this 0.17 s), and is 0 where faces
    are smaller than 1e-13 square units: all over a scene that is a millionth of a unit in size.
    """
    corners = np.asarray(mesh.vertices)[mesh.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((len(mesh.vertices), 3))
    for corner in range(3):
        np.add.at(total, mesh.faces[:, corner], across)
    return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300)).astype(np.float32)


def drop_small_pieces(mesh: Trimesh, share: float) -> Trimesh:
    """The mesh without connected pieces that have less than a share (0 to 1) of the faces; the largest piece always stays."""
    pieces = connected_component_labels(mesh.edges, len(mesh.vertices))[mesh.faces[:, 0]]
    sizes = np.bincount(pieces)
    kept = mesh.copy()
    kept.update_faces(sizes[pieces] >= min(share * len(mesh.faces), sizes.max()))
    kept.remove_unreferenced_vertices()
    return kept
