# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface of a scene: a `trimesh.Trimesh`, with accessors to its colors and its texture.

Vertices are in world units; faces are counterclockwise seen from outside. Meshes are only made here, so that no vertices are
merged or reordered, and never changed. trimesh computes in float64 and int64; float32 and int32 are sent and stored.

Levels of detail and a collider, where there are any, are meshes in the metadata of the mesh that they belong to.

Some functions of trimesh are too slow for a million faces, or have tolerances in world units although scenes have any scale.
Their replacements give the measurements: `vertex_normals` here, `charts.Faces`, `simplify` and `glb_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from trimesh import Trimesh
from trimesh.graph import connected_component_labels

UNSEEN = 0.5  # gray of vertices and texels whose color nothing shows
COLORS, UV = "color", "uv"  # keys in the vertex attributes and the face attributes
TEXTURE, NORMAL_MAP, OCCLUSION = "texture", "normal_map", "occlusion"  # keys in the metadata, and so are the next
LEVELS, COLLIDER = "levels", "collider"
PNG = b"\x89PNG"
LARGE = 1e4  # size at which trimesh's tolerances do not matter


def make_mesh(
    vertices: np.ndarray,  # [N, 3], world units
    faces: np.ndarray,  # [M, 3], indices of vertices
    colors: np.ndarray,  # [N, 3] float32, of the vertices, sRGB 0 to 1
    uv: np.ndarray | None = None,  # [M, 3, 2] float32, texture coordinates of the faces' corners, 0 to 1, v up
    texture: np.ndarray | None = None,  # [B] uint8, a PNG or JPEG file in sRGB; None for a mesh with only vertex colors
    normal_map: np.ndarray | None = None,  # [B] uint8, such a file in tangent space, x right and y up as in glTF
    occlusion: np.ndarray | None = None,  # [B] uint8, such a file, linear, white where the surface is open
) -> Trimesh:
    """A mesh of exactly these vertices and faces."""
    mesh = Trimesh(vertices, faces, vertex_attributes={COLORS: colors}, process=False)
    if uv is not None:
        mesh.face_attributes[UV] = uv
    pictures = {TEXTURE: texture, NORMAL_MAP: normal_map, OCCLUSION: occlusion}
    mesh.metadata |= {name: file for name, file in pictures.items() if file is not None}
    return mesh


def mesh_arrays(mesh: Trimesh) -> dict[str, np.ndarray]:
    """The arguments of `make_mesh` that make the same mesh, by name: vertices float32, faces int32."""
    arrays = {"vertices": points_of(mesh), "faces": np.asarray(mesh.faces, np.int32), "colors": colors_of(mesh)}
    worn = {"uv": uv_of(mesh), TEXTURE: texture_of(mesh), NORMAL_MAP: normal_map_of(mesh), OCCLUSION: occlusion_of(mesh)}
    return arrays | {name: array for name, array in worn.items() if array is not None}


def points_of(mesh: Trimesh) -> np.ndarray:
    """The vertices of a mesh, [N, 3] float32, world units."""
    return np.asarray(mesh.vertices, np.float32)


def colors_of(mesh: Trimesh) -> np.ndarray:
    """The vertex colors, [N, 3] float32, sRGB 0 to 1. trimesh's have 8 bits, which show banding in dark areas."""
    return np.asarray(mesh.vertex_attributes[COLORS], np.float32)


def uv_of(mesh: Trimesh) -> np.ndarray | None:
    """Texture coordinates of the faces' corners, [M, 3, 2] float32, 0 to 1, v up; None without a texture."""
    return np.asarray(mesh.face_attributes[UV], np.float32) if UV in mesh.face_attributes else None


def texture_of(mesh: Trimesh) -> np.ndarray | None:
    """The texture, the bytes [B] uint8 of a PNG or JPEG file in sRGB; None for a mesh with only vertex colors."""
    return mesh.metadata.get(TEXTURE)


def normal_map_of(mesh: Trimesh) -> np.ndarray | None:
    """The normal map, the bytes [B] uint8 of a PNG or JPEG file in tangent space, x right and y up; None without one."""
    return mesh.metadata.get(NORMAL_MAP)


def occlusion_of(mesh: Trimesh) -> np.ndarray | None:
    """The ambient occlusion, the bytes [B] uint8 of a PNG or JPEG file, white where the surface is open; None without it."""
    return mesh.metadata.get(OCCLUSION)


def picture_suffix(
    file: np.ndarray,  # [B] uint8
) -> str:
    """The suffix of a picture's file: .png or .jpg."""
    return ".png" if file[: len(PNG)].tobytes() == PNG else ".jpg"


def levels_of(mesh: Trimesh) -> list[Trimesh]:
    """The coarser levels of detail of a mesh, the finest first; none if it has no such."""
    return mesh.metadata.get(LEVELS, [])


def collider_of(mesh: Trimesh) -> Trimesh | None:
    """The convex hull that stands for a mesh in collisions; None if it has none."""
    return mesh.metadata.get(COLLIDER)


def attach(mesh: Trimesh, levels: list[Trimesh], collider: Trimesh | None) -> None:
    """Give a mesh its levels of detail and its collider."""
    mesh.metadata |= ({LEVELS: levels} if levels else {}) | ({COLLIDER: collider} if collider else {})


def vertex_normals(mesh: Trimesh) -> np.ndarray:
    """Vertex normals [N, 3] float32: the mean of the adjacent faces' normals, weighted by angle, as in Blender.

    What draws a normal map must have the normals that it was made for; these do not depend on how a polygon is divided.
    `Trimesh.vertex_normals` itself is 0 where faces are smaller than 1e-13 square units: everywhere in a scene whose size is a
    millionth of a unit.
    """
    points = np.asarray(mesh.vertices, np.float64)
    size = np.ptp(points, axis=0).max(initial=0) or 1.0
    return np.asarray(Trimesh(points * (LARGE / size), mesh.faces, process=False).vertex_normals, np.float32)


def drop_small_pieces(
    mesh: Trimesh, share: float, crumb: float = 0.0, spared: Callable[[np.ndarray], bool] = lambda places: False
) -> Trimesh:
    """Remove connected pieces with less than a share (0 to 1) of the faces, but never the largest piece.

    Those with more than the share `crumb` are asked for: they stay if their vertices [N, 3] are `spared`.
    """
    pieces = connected_component_labels(mesh.edges, len(mesh.vertices))
    sizes = np.bincount(pieces[mesh.faces[:, 0]], minlength=pieces.max() + 1)
    stays = sizes >= min(share * len(mesh.faces), sizes.max())
    for piece in np.flatnonzero(~stays & (sizes > crumb * len(mesh.faces))):
        stays[piece] = spared(np.asarray(mesh.vertices)[pieces == piece])
    kept = mesh.copy()
    kept.update_faces(stays[pieces[mesh.faces[:, 0]]])
    kept.remove_unreferenced_vertices()
    return kept
