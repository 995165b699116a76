# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake the photos of a scene onto a mesh that has a UV map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from .. import properties
from ..engine import errors, kinds, results, settings
from ..jobs.job_operator import JobOperator
from ..jobs.worker import Work
from ..narrowing import given, group_of, untyped
from ..scene.editable import is_editable
from ..scene.image_material import NORMAL_MAP, image_material, is_ours, show_images
from ..scene.lookup import still_there
from ..scene.mesh_images import make_images, shown_on, textures_folder
from ..scene.modes import leave_mode
from ..scene.splats import is_kept, scene_matrix
from ..scene.triangles import triangles_of
from ..translations import told

MESH, DENSE = "bake/mesh.npz", "bake/dense.npz"  # paths in the scene's folder


class TTTLRM_OT_bake(JobOperator, bpy.types.Operator):
    """Bake the photos of a reconstructed scene onto the active mesh, which has a UV map"""

    bl_idname = "tttlrm.bake"
    bl_label = "Bake Photos to Mesh"

    _target: int = 0  # `session_uid` of the mesh object
    _uv_map: str = ""
    _packed: bool = True
    __annotations__ = properties.bake_annotations()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: there must be a mesh with a UV map, and one scene to take the photos from."""
        obj = context.object
        if obj is None or obj.type != "MESH":
            cls.poll_message_set("Select a mesh with a UV map")
            return False
        if not is_editable(obj) or not is_editable(obj.data):
            cls.poll_message_set("The mesh is linked from another file: make it local")
            return False
        if not untyped(obj.data).uv_layers:
            cls.poll_message_set("The mesh has no UV map: unwrap it first, for example with UV > Smart UV Project in Edit Mode")
            return False
        found = scenes_for(obj, given(context.scene))
        if not found:
            cls.poll_message_set("There are no splats that were reconstructed here")
        elif len(found) > 1:
            cls.poll_message_set("There are several scenes: choose one in the panel Bake Photos, or select its splats too")
        return len(found) == 1 and super().poll(context)

    def collect(self, context: bpy.types.Context) -> Work:
        """Return the work: the mesh with its modifiers in the world of the scene, and the settings of object and caller."""
        obj = given(context.object)
        self._target, own = obj.session_uid, group_of(obj).bake
        chosen = {name: self._value(own, name) for name in properties.bake_annotations()}
        self._packed = chosen.pop("packed")
        if not self._packed:
            textures_folder()
        leave_mode(obj)
        self._uv_map = untyped(obj.data).uv_layers.active.name
        return baking(obj, scenes_for(obj, given(context.scene))[0], settings.BakeSettings(**chosen), own.dense)

    def finish(self, context: bpy.types.Context, result: results.BakeResult) -> None:
        """Show the images on the mesh."""
        obj = still_there(self._target, errors.Code.NO_MESH)
        leave_mode(obj)
        put_images(obj, result.textures, self._uv_map, self._packed)
        self.report({"INFO"}, told("The photos are baked onto “{}”", obj.name))

    def _value(self, own: bpy.types.PropertyGroup, name: str) -> Any:
        return getattr(self if self.properties.is_property_set(name) else own, name)


def scenes_for(obj: bpy.types.Object, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The splats whose scene has the photos for a mesh: one if it is clear, several if it is not, none if there are none.

    It is clear if they are chosen in the settings of the mesh, selected along with it, have its parent, or are the only ones.
    """
    if is_kept(group_of(obj).bake.splats):
        return [group_of(obj).bake.splats]
    kept = {group_of(each).session: each for each in reversed(scene.objects) if is_kept(each)}
    selected = [each for each in kept.values() if each.select_get()]
    beside = [each for each in kept.values() if obj.parent and each.parent == obj.parent]
    return next((found for found in (selected, beside) if len(found) == 1), list(kept.values()))


def baking(
    obj: bpy.types.Object, splats: bpy.types.Object, wanted: settings.BakeSettings, dense: bpy.types.Object | None = None
) -> Work:
    """Return the work of baking onto a mesh object; normals come from `dense`, or else from the scene's own mesh.

    Raises `TttlrmError` where an object has no faces, the mesh no UV map, or the splats are flat.
    """
    given(bpy.context.view_layer).update()
    place = scene_matrix(splats)
    if not np.linalg.det(place):
        raise errors.TttlrmError(
            "The object “{}” is scaled to zero.",
            splats.name,
            hint="Set its scale, or that of its parent.",
            code=errors.Code.BAD_SETTINGS,
        )
    world = np.linalg.inv(place)
    uploads = {MESH: triangles_of(obj, world)}
    if dense is not None:
        uploads[DENSE] = triangles_of(dense, world, wants_uv=False)
    chosen = replace(wanted, mesh=MESH, dense=DENSE if dense else "")
    return Work(group_of(splats).session, kinds.BAKE, chosen, uploads)


def put_images(obj: bpy.types.Object, textures: dict[str, np.ndarray], uv_map: str, packed: bool) -> None:
    """Show baked images on all faces of a mesh, in a material of their own, whose images the next baking exchanges.

    Normal maps are made for smooth shading, so the mesh gets that. Raises `TttlrmError` if files cannot be written.
    """
    mesh = untyped(obj.data)
    images = make_images(obj.name, textures, None if packed else textures_folder())
    if NORMAL_MAP in images:
        mesh.shade_smooth()
    material = next(filter(is_ours, mesh.materials), None)
    if material is None:
        material = image_material(f"{obj.name} photos", images, uv_map)
    else:
        show_images(material, images, uv_map)
    shown_on(obj, material)
