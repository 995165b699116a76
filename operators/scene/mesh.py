# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes with a color on every vertex, and a texture where there is one."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..engine import results
from ..narrowing import untyped
from . import nodes
from .editable import editable_collection, own

MATERIAL = "tttLRM mesh"
COLOR = "Color"
UV = "UVMap"


def add_mesh(
    name: str,
    vertices: np.ndarray,  # [N, 3], world units
    faces: np.ndarray,  # [M, 3], vertex indices
    colors: np.ndarray,  # [N, 3], sRGB, 0 to 1
    collection: bpy.types.Collection | None = None,
    uv: np.ndarray | None = None,  # [M, 3, 2], of the faces' corners, 0 to 1
    texture: np.ndarray | None = None,  # [B] uint8, a picture's file
) -> bpy.types.Object:
    """A new mesh object of triangles, smooth, with a material that shows the texture, or without one the vertex colors."""
    mesh = bpy.data.meshes.new(name)
    _set_triangles(mesh, vertices, faces)
    _set_colors(mesh, colors)
    if uv is None or texture is None:
        mesh.materials.append(own(bpy.data.materials, MATERIAL) or _vertex_material())
    else:
        mesh.uv_layers.new(name=UV).data.foreach_set("uv", np.ascontiguousarray(uv, dtype=np.float32).ravel())
        mesh.materials.append(_texture_material(name, texture))
    obj = bpy.data.objects.new(name, mesh)
    editable_collection(collection, bpy.context.collection).objects.link(obj)
    return obj


def add_surface(name: str, surface: results.Surface, collection: bpy.types.Collection) -> bpy.types.Object:
    """A new mesh object of a job's result."""
    return add_mesh(name, surface.vertices, surface.faces, surface.colors, collection, surface.uv, surface.texture)


def _set_triangles(mesh: bpy.types.Mesh, vertices: np.ndarray, faces: np.ndarray) -> None:
    mesh.vertices.add(len(vertices))
    mesh.loops.add(3 * len(faces))
    mesh.polygons.add(len(faces))
    if len(faces):
        mesh.vertices.foreach_set("co", np.ascontiguousarray(vertices, dtype=np.float32).ravel())
        mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(faces, dtype=np.int32).ravel())
        mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * len(faces), 3, dtype=np.int32))
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    mesh.update(calc_edges=True)


def _set_colors(mesh: bpy.types.Mesh, colors: np.ndarray) -> None:
    attribute = mesh.color_attributes.new(COLOR, "BYTE_COLOR", "POINT")
    if len(colors):
        with_alpha = np.column_stack((colors, np.ones(len(colors)))).astype(np.float32)
        untyped(attribute).data.foreach_set("color_srgb", with_alpha.ravel())


def _vertex_material() -> bpy.types.Material:
    material = bpy.data.materials.new(MATERIAL)
    _show(material, "ShaderNodeVertexColor", layer_name=COLOR)
    return material


def _texture_material(name: str, texture: np.ndarray) -> bpy.types.Material:
    """A material that shows a picture, which is packed into the .blend file."""
    image = bpy.data.images.new(name, 1, 1)
    image.pack(data=texture.tobytes(), data_len=len(texture))
    image.source = "FILE"
    material = bpy.data.materials.new(name)
    _show(material, "ShaderNodeTexImage", image=image)
    return material


def _show(material: bpy.types.Material, kind: str, **settings: Any) -> None:
    """Let a matt surface have the colors of a node."""
    tree = nodes.tree_of(material)
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    untyped(surface.inputs["Roughness"]).default_value = 1.0
    untyped(surface.inputs["Specular IOR Level"]).default_value = 0.0
    nodes.connect(tree, nodes.add(tree, kind, **settings), surface.inputs["Base Color"])
