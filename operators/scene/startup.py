# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender's startup file leaves in a scene, and whether anybody has changed it."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..narrowing import given, untyped
from .cameras import SIZE as SIZE_SET
from .editable import is_editable
from .reconstruction import family

CAMERA, LIGHT, CUBE, COLLECTION, MATERIAL = "Camera", "Light", "Cube", "Collection", "Material"
PLACES = {CAMERA: (7.3589, -6.9258, 4.9583), LIGHT: (4.0762, 1.0055, 5.9039), CUBE: (0.0, 0.0, 0.0)}
NEAR = 1e-3
SIZE = (1920, 1080, 100)
CUBE_PARTS = (8, 12, 6)  # vertices, edges, faces
IOR = (1.45, 1.5)  # of the material, in this and that version; a new material has 1.5
POWER = 1000.0  # W


def takes_camera(scene: bpy.types.Scene) -> bool:
    """Whether nobody has chosen the camera of a scene."""
    camera = scene.camera
    return camera is None or (camera.name == CAMERA and _is_untouched(camera))


def renders_as_at_startup(scene: bpy.types.Scene) -> bool:
    """Whether a scene renders at the size of Blender's startup file."""
    render = scene.render
    square = render.pixel_aspect_x == render.pixel_aspect_y == 1
    return square and (render.resolution_x, render.resolution_y, render.resolution_percentage) == SIZE


def renders_freely(scene: bpy.types.Scene) -> bool:
    """Whether nobody has chosen the size at which a scene renders: it is that of the startup file, or one that was set here."""
    render, ours = scene.render, untyped(scene).get(SIZE_SET)
    now = (render.resolution_x, render.resolution_y, render.resolution_percentage)
    return renders_as_at_startup(scene) or (ours is not None and now == (*ours, 100))


def remove_leftover(scene: bpy.types.Scene) -> None:
    """Remove the empty collection that the startup file leaves behind."""
    left = next((child for child in scene.collection.children if child.name == COLLECTION), None)
    if left and is_editable(left) and left.users == 1 and not (left.all_objects or left.children):
        bpy.data.collections.remove(left)


def hide_cube(scene: bpy.types.Scene, splats: bpy.types.Object) -> bool:
    """Hide the startup cube, which stands where splats are now, if nobody has changed or added anything else; whether it was."""
    others = {obj.name: obj for obj in scene.objects if obj not in family(splats)}
    if others.keys() != PLACES.keys() or not all(map(_is_untouched, others.values())):
        return False
    cube, light = others[CUBE], others[LIGHT]
    if not (_is_cube(cube) and isinstance(light.data, bpy.types.PointLight) and light.data.energy == POWER):
        return False
    if not cube.visible_get():
        return False
    cube.hide_set(True)
    cube.hide_render = True
    return True


def _is_untouched(obj: bpy.types.Object) -> bool:
    """Whether an object stands where it stood, and nothing was added to it."""
    added = obj.animation_data or obj.parent or obj.children or obj.constraints or obj.modifiers or obj.particle_systems
    placed = (obj.location - Vector(PLACES[obj.name])).length < NEAR
    return placed and not added and is_editable(obj)


def _is_cube(obj: bpy.types.Object) -> bool:
    mesh = obj.data
    if not isinstance(mesh, bpy.types.Mesh) or mesh.shape_keys or mesh.name != CUBE or obj.mode != "OBJECT":
        return False
    places = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    parts = (len(mesh.vertices), len(mesh.edges), len(mesh.polygons))
    same = parts == CUBE_PARTS and bool((np.abs(places) == 1).all()) and obj.matrix_basis == Matrix()
    return same and len(mesh.materials) == 1 and _is_material(mesh.materials[0])


def _is_material(material: bpy.types.Material | None) -> bool:
    """Whether a material is as the startup file has it, compared with that of a new node."""
    tree = untyped(material).node_tree if material else None
    if material is None or tree is None or material.name != MATERIAL or material.animation_data or tree.animation_data:
        return False
    shaders = [node for node in tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled"]
    if len(tree.nodes) != 2 or len(shaders) != 1 or len(tree.links) != 1:
        return False
    values, new = _values(shaders[0]), _new_values()
    ior = values.pop("IOR", IOR[0])
    return any(abs(ior - usual) < NEAR for usual in IOR) and values == {name: new[name] for name in values}


def _new_values() -> dict[str, Any]:
    tree = bpy.data.node_groups.new("tttLRM compared", "ShaderNodeTree")
    try:
        return _values(given(tree.nodes.new("ShaderNodeBsdfPrincipled")))
    finally:
        bpy.data.node_groups.remove(tree)


def _values(node: bpy.types.Node) -> dict[str, Any]:
    """The values of a node's inputs."""
    sockets = {socket.name: untyped(socket) for socket in node.inputs if hasattr(socket, "default_value")}
    values = {name: socket.default_value for name, socket in sockets.items()}
    return {name: value if isinstance(value, int | float) else tuple(value) for name, value in values.items()}
