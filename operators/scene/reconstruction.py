# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a reconstruction gives, as one collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import bpy
from mathutils import Matrix

from ..engine import results
from ..narrowing import given, group_of, untyped
from . import conversion
from .cameras import PHOTO, SCENE, add_cameras, camera_of
from .editable import editable_collection
from .mesh import add_surface
from .splats import add_splats

SPLATS, MESH = " splats", " mesh"  # ends of the names of objects


def build_scene(
    name: str,
    result: results.ReconstructResult,
    photos: Mapping[str, Path],
    upright: bool = False,
    scene: str = "",
) -> bpy.types.Collection:
    """Put the result of a reconstruct job into the scene.

    A collection with an empty that carries everything, the splats, the mesh if there is one (hidden), and in a collection of
    their own the cameras; `photos` are the files by the names of the views. `upright` turns the whole so that the
    cameras stand upright, for poses that know no up. `scene` is the name of the scene that the worker keeps.
    """
    collection = _collection(name, given(bpy.context.scene).collection)
    carrier = bpy.data.objects.new(name, None)
    collection.objects.link(carrier)
    parts = [add_splats(f"{name}{SPLATS}", result.gaussians, collection)]
    if result.mesh:
        mesh, *others = add_surface(mesh_name(name), result.mesh, collection)
        parts += [_hidden(mesh), *others]
    parts += add_cameras(result.cameras, photos, _collection(f"{name} cameras", collection), result.copies, scene)
    for part in parts:
        part.parent = carrier
    if upright:
        carrier.matrix_world = Matrix(conversion.upright(result.cameras.c2w).tolist())
    return collection


def mesh_name(name: str) -> str:
    """The name of the mesh of a scene, from the name of the scene or of its splats."""
    return f"{name.removesuffix(SPLATS)}{MESH}"


def _hidden(mesh: bpy.types.Object) -> bpy.types.Object:
    """The mesh, not to be seen at first: it stands where the splats are, and both at once look like neither."""
    mesh.hide_set(True)
    mesh.hide_render = True
    return mesh


def family(splats: bpy.types.Object) -> set[bpy.types.Object]:
    """The splats, what carries them, and all else that it carries, such as cameras and a mesh."""
    carrier = splats.parent or splats
    return {splats, carrier, *carrier.children_recursive}


def cameras_of(splats: bpy.types.Object) -> list[bpy.types.Object]:
    """The cameras of the scene that splats belong to, as far as they are still there.

    They share a parent with the splats. If that was deleted, they have the name of the splats' scene or, in older files, are in
    the same collections.
    """
    if splats.parent and (children := _photographed(splats.parent.children)):
        return children
    scene = group_of(splats).session
    beside = {obj for collection in splats.users_collection for obj in collection.all_objects}
    apart = (obj for obj in bpy.data.objects if _scene_of(obj) == scene or (obj in beside and _scene_of(obj) is None))
    return _photographed(apart) if scene else []


def _photographed(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    return [obj for obj in objects if obj.type == "CAMERA" and camera_of(obj).get(PHOTO) is not None]


def _scene_of(obj: bpy.types.Object) -> str | None:
    return untyped(obj.data).get(SCENE) if obj.type == "CAMERA" else None


def cameras_collection(splats: bpy.types.Object) -> bpy.types.Collection:
    """Where the cameras of the scene are that splats belong to, or else the splats, or where else cameras can be added."""
    places = [collection for camera in cameras_of(splats) for collection in camera.users_collection]
    own = list(splats.users_collection)  # in which one of the cameras may be
    return editable_collection(*(place for place in places if place not in own), *own)


def _collection(name: str, parent: bpy.types.Collection) -> bpy.types.Collection:
    collection = bpy.data.collections.new(name)
    parent.children.link(collection)
    return collection
