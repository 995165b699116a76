# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes with a colour on every vertex."""

from __future__ import annotations

import bpy
import numpy as np

from . import nodes

MATERIAL = "tttLRM mesh"
COLOR = "Color"


def add_mesh(
    name: str,
    vertices: np.ndarray,  # [N, 3], world units
    faces: np.ndarray,  # [M, 3], vertex indices
    colors: np.ndarray,  # [N, 3], sRGB, 0 to 1
    collection: bpy.types.Collection | None = None,
) -> bpy.types.Object:
    """A new mesh object of triangles, smooth, with a material that shows the vertex colours."""
    mesh = bpy.data.meshes.new(name)
    _set_triangles(mesh, vertices, faces)
    _set_colors(mesh, colors)
    mesh.materials.append(bpy.data.materials.get(MATERIAL) or _material())
    obj = bpy.data.objects.new(name, mesh)
    (collection or bpy.context.collection).objects.link(obj)
    return obj


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
        attribute.data.foreach_set("color_srgb", with_alpha.ravel())


def _material() -> bpy.types.Material:
    material = bpy.data.materials.new(MATERIAL)
    tree = nodes.tree_of(material)
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Roughness"].default_value = 1.0
    surface.inputs["Specular IOR Level"].default_value = 0.0
    color = nodes.add(tree, "ShaderNodeVertexColor", layer_name=COLOR)
    nodes.connect(tree, color, surface.inputs["Base Color"])
    return material
