# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as GLB files (binary glTF 2.0)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from trimesh import Trimesh

from ..atomic_files import replacing
from ..gltf import GENERATOR, glb_parts
from .mesh import colors_of, normal_map_of, occlusion_of, picture_suffix, points_of, texture_of, uv_of, vertex_normals
from .tangents import corner_tangents

Z_UP_TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float32)
TRIANGLES = 4  # glTF's primitive mode
LINEAR, LINEAR_OF_LINEAR, CLAMP = 9729, 9987, 33071  # glTF's sampler filters and wrapping: LINEAR_OF_LINEAR uses mipmaps
MIME = {".png": "image/png", ".jpg": "image/jpeg"}


def write_glb(path: str | Path, mesh: Trimesh, name: str = "mesh") -> None:
    """Write a mesh as a GLB file. Raises `TttlrmError` when the file cannot be written."""
    with replacing(path) as part:
        part.write_bytes(glb_bytes(mesh, name))


def glb_bytes(mesh: Trimesh, name: str = "mesh") -> bytes:
    """The content of a GLB file of a mesh, as one node of this name, with its pictures, or without any with its vertex colors.

    The world is z-up as in Blender, glTF is y-up: (x, y, z) becomes (x, z, −y), and Blender's importer turns it back. Tangents
    are there with a normal map. trimesh's export takes 0.6 s instead of 0.2 s for a million faces, encodes pictures again at a
    lower quality, and writes vertex colors in 8 bits and not as the linear values that glTF specifies.
    """
    uv, textured = uv_of(mesh), texture_of(mesh) is not None
    vertices, faces, own = _by_vertex(mesh) if uv is None else _by_texture(mesh, uv, normal_map_of(mesh) is not None)
    arrays = {
        "POSITION": points_of(mesh)[vertices] @ Z_UP_TO_Y_UP.T,
        "NORMAL": _unit(vertex_normals(mesh)[vertices]) @ Z_UP_TO_Y_UP.T,
        **own,
    }
    pictures = {"baseColor": texture_of(mesh), "normal": normal_map_of(mesh), "occlusion": occlusion_of(mesh)}
    files = {use: file for use, file in pictures.items() if file is not None and textured}
    indices = faces.astype(np.uint32).reshape(-1, 1)
    tree = _tree(name, list(arrays)) | (_pictures(files, len(arrays) + 1) if files else {})
    return b"".join(glb_parts(tree, [*arrays.values(), indices], list(files.values())))


def _by_vertex(mesh: Trimesh) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Indices of vertices, faces, and colors: linear as in glTF, and 16 bits, since 8 bits would show banding in dark areas."""
    colors = linear(colors_of(mesh))
    colors = np.concatenate([colors, np.ones((len(colors), 1), dtype=np.float32)], axis=1)
    return np.arange(len(colors)), np.asarray(mesh.faces), {"COLOR_0": np.round(colors * 65535).astype(np.uint16)}


def _by_texture(
    mesh: Trimesh,
    uv: np.ndarray,  # [M, 3, 2]
    tangents: bool,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Indices of vertices, repeated at seams; faces of these; and texture coordinates, and tangents if they are wanted."""
    corners = uv.reshape(-1, 2)
    first, faces = distinct_corners(mesh, uv)
    own = {"TEXCOORD_0": np.stack([corners[first, 0], 1 - corners[first, 1]], axis=1)}
    if tangents:
        turned = corner_tangents(mesh, uv).reshape(-1, 4)[first]
        own["TANGENT"] = np.concatenate([turned[:, :3] @ Z_UP_TO_Y_UP.T, turned[:, 3:]], axis=1)
    return np.asarray(mesh.faces).reshape(-1)[first], faces, own


def distinct_corners(
    mesh: Trimesh,
    uv: np.ndarray,  # [M, 3, 2]
) -> tuple[np.ndarray, np.ndarray]:  # [C], [3M]
    """The first corner of each combination of a vertex and texture coordinates; and for every corner, its combination."""
    vertices, uv = np.asarray(mesh.faces).reshape(-1), uv.reshape(-1, 2)
    order = np.lexsort((uv[:, 1], uv[:, 0], vertices))
    first = np.r_[True, (vertices[order[1:]] != vertices[order[:-1]]) | (uv[order[1:]] != uv[order[:-1]]).any(axis=1)]
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(first) - 1
    return order[first], numbers


def _unit(normals: np.ndarray) -> np.ndarray:
    """Normals of length 1, as glTF wants them: also where they are 0, at vertices that only faces without area have."""
    return np.where((normals == 0).all(axis=1, keepdims=True), np.array([0, 0, 1], np.float32), normals)


def _tree(name: str, attributes: list[str]) -> dict[str, Any]:
    """The JSON tree of a mesh without pictures, with accessors of the attributes and then of the indices."""
    primitive = {"mode": TRIANGLES, "material": 0, "indices": len(attributes)}
    return {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": name}],
        "meshes": [
            {"name": name, "primitives": [primitive | {"attributes": {key: index for index, key in enumerate(attributes)}}]}
        ],
        "materials": [_material({})],
    }


def _pictures(files: dict[str, np.ndarray], view: int) -> dict[str, Any]:
    """The parts of the JSON tree that use pictures, which lie in bufferViews from this one on."""
    sampler = {"magFilter": LINEAR, "minFilter": LINEAR_OF_LINEAR, "wrapS": CLAMP, "wrapT": CLAMP}
    images = [{"bufferView": view + n, "mimeType": MIME[picture_suffix(file)]} for n, file in enumerate(files.values())]
    return {
        "textures": [{"source": n, "sampler": 0} for n in range(len(files))],
        "samplers": [sampler],
        "images": images,
        "materials": [_material({use: {"index": n} for n, use in enumerate(files)})],
    }


def _material(textures: dict[str, dict[str, int]]) -> dict[str, Any]:
    """A matt material with the textures of these uses."""
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    if "baseColor" in textures:
        surface["baseColorTexture"] = textures["baseColor"]
    others = {f"{use}Texture": index for use, index in textures.items() if use != "baseColor"}
    return {"doubleSided": True, "pbrMetallicRoughness": surface, **others}


def linear(
    srgb: np.ndarray,  # [...], 0 to 1
) -> np.ndarray:  # [...], 0 to 1
    """Linear intensities of sRGB values (IEC 61966-2-1)."""
    srgb = np.clip(srgb, 0, 1)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
