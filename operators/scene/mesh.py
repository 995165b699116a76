# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes with a color on every vertex, and images where there are some."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import bpy
import numpy as np

from ..engine import results
from ..narrowing import untyped
from . import nodes
from .editable import editable_collection, own
from .image_material import BASE_COLOR, NORMAL_MAP, OCCLUSION, image_material, matt
from .mesh_images import make_images

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
    textures: Mapping[str, np.ndarray] | None = None,  # [B] uint8, files of images by their names in `image_material`
) -> bpy.types.Object:
    """A new mesh object of triangles, smooth, with a material that shows the images, or without any the vertex colors."""
    mesh = bpy.data.meshes.new(name)
    _set_triangles(mesh, vertices, faces)
    _set_colors(mesh, colors)
    if uv is None or not textures:
        mesh.materials.append(own(bpy.data.materials, MATERIAL) or _vertex_material())
    else:
        mesh.uv_layers.new(name=UV).data.foreach_set("uv", np.ascontiguousarray(uv, dtype=np.float32).ravel())
        mesh.materials.append(image_material(name, make_images(name, textures), UV))
    obj = bpy.data.objects.new(name, mesh)
    editable_collection(collection, bpy.context.collection).objects.link(obj)
    return obj


def add_surface(name: str, surface: results.Surface, collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """The new mesh object of a job's result; then, hidden in a collection beside it, its levels of detail and its collider."""
    levels = {"LOD1": surface.lod1, "LOD2": surface.lod2}
    made = [_add_level(name, surface, collection)]
    if not any(levels.values()) and surface.collider is None:
        return made
    beside = bpy.data.collections.new(f"{name} levels")
    collection.children.link(beside)
    made += [_hidden(_add_level(f"{name} {label}", level, beside)) for label, level in levels.items() if level]
    return made + ([_hidden(_add_collider(f"{name} collider", surface.collider, beside))] if surface.collider else [])


def _add_level(name: str, level: results.Level, collection: bpy.types.Collection) -> bpy.types.Object:
    files = {BASE_COLOR: level.texture, NORMAL_MAP: level.normal_map, OCCLUSION: level.occlusion}
    textures = {kind: file for kind, file in files.items() if file is not None}
    return add_mesh(name, level.vertices, level.faces, level.colors, collection, level.uv, textures)


def _add_collider(name: str, hull: results.Hull, collection: bpy.types.Collection) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    _set_triangles(mesh, hull.vertices, hull.faces)
    obj = bpy.data.objects.new(name, mesh)
    obj.display_type = "WIRE"
    collection.objects.link(obj)
    return obj


def _hidden(obj: bpy.types.Object) -> bpy.types.Object:
    with suppress(RuntimeError):  # it is in a collection that this view layer leaves out
        obj.hide_set(True)
    obj.hide_render = True
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
        untyped(attribute).data.foreach_set("color_srgb", with_alpha.ravel())


def _vertex_material() -> bpy.types.Material:
    """A matt material that shows the vertex colors."""
    material = bpy.data.materials.new(MATERIAL)
    matt(material)
    tree = nodes.tree_of(material)
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    nodes.connect(tree, nodes.add(tree, "ShaderNodeVertexColor", layer_name=COLOR), surface.inputs["Base Color"])
    return material
