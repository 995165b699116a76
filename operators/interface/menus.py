# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries in Blender's own menus. Menu search (F3) finds only operators that are in some menu."""

from pathlib import Path

import bpy

from ..narrowing import given
from ..scene.splats import is_splats
from . import compare

TEMPLATE = Path(__file__).with_name("template.blend")  # created by `make template`


class TTTLRM_MT_photos(bpy.types.Menu):
    """Choose photos and turn them into Gaussian splats"""

    bl_label = "Gaussian Splats from Photos"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = _invoking(self)
        layout.operator("tttlrm.reconstruct")
        layout.operator("tttlrm.choose_folder")
        layout.operator("tttlrm.list_photos")
        layout.operator_menu_enum("tttlrm.check_photos", "which")


class TTTLRM_MT_scene(bpy.types.Menu):
    """Work on the scene that the worker keeps for the active splats"""

    bl_label = "Reconstructed Scene"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = _invoking(self)
        for name in ("decode", "decode_selected", "extend", "refine", "mesh", "bake", "copy_settings", "reconstruct_again"):
            layout.operator(f"tttlrm.{name}")


class TTTLRM_MT_mesh(bpy.types.Menu):
    """Give the active mesh another topology and the photos of a reconstructed scene"""

    bl_label = "Mesh from Photos"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this. Quads are Blender's own, which asks how many."""
        layout = _invoking(self)
        layout.operator("object.quadriflow_remesh", text="Remesh to Quads")
        layout.operator("tttlrm.bake")


class TTTLRM_MT_worker(bpy.types.Menu):
    """Set up, check, start and stop the worker process that reconstructs scenes"""

    bl_label = "tttLRM Worker"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = _invoking(self)
        for name in ("setup_worker", "check_worker", "start_worker", "stop_worker"):
            layout.operator(f"tttlrm.{name}")
        layout.separator()
        layout.operator("tttlrm.cancel", text="Stop Job")


def _invoking(menu: bpy.types.Menu) -> bpy.types.UILayout:
    """Return the layout of a menu whose entries may open dialogs, which Blender's Add menu would suppress."""
    given(menu.layout).operator_context = "INVOKE_REGION_WIN"
    return given(menu.layout)


def _new_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    """Add the template for photos. Blender opens it like its own: as an untitled file, after asking to save changes."""
    given(menu.layout).operator_context = "INVOKE_DEFAULT"
    given(menu.layout).operator("wm.read_homefile", text="tttLRM", icon="FILE_NEW", translate=False).filepath = str(TEMPLATE)


def _add_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    given(menu.layout).menu("TTTLRM_MT_photos", icon="OUTLINER_OB_POINTCLOUD")


def _object_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if is_splats(context.object):
        given(menu.layout).separator()
        given(menu.layout).menu("TTTLRM_MT_edit_splats", icon="OUTLINER_OB_POINTCLOUD")
        given(menu.layout).menu("TTTLRM_MT_scene")


def _mesh_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if context.object and context.object.type == "MESH":
        given(menu.layout).separator()
        given(menu.layout).menu("TTTLRM_MT_mesh", icon="TEXTURE")


def _apply_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if is_splats(context.object):
        given(menu.layout).separator()
        given(menu.layout).operator("tttlrm.apply_transform")


def _view_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if is_splats(context.object):
        given(menu.layout).separator()
        given(menu.layout).operator("tttlrm.view_splats")


def _worker_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    given(menu.layout).separator()
    given(menu.layout).menu("TTTLRM_MT_worker")


CLASSES = (TTTLRM_MT_photos, TTTLRM_MT_scene, TTTLRM_MT_mesh, TTTLRM_MT_worker)
ENTRIES = (
    ("TOPBAR_MT_file_new", _new_entry),
    ("VIEW3D_MT_add", _add_entry),
    ("VIEW3D_MT_object_context_menu", _object_entry),
    ("VIEW3D_MT_object", _object_entry),
    ("VIEW3D_MT_object_context_menu", _mesh_entry),
    ("VIEW3D_MT_object", _mesh_entry),
    ("VIEW3D_MT_object_apply", _apply_entry),
    ("VIEW3D_MT_view", _view_entry),
    ("VIEW3D_MT_view", compare.view_entry),
    ("TOPBAR_MT_edit", _worker_entry),
)


def add_entries() -> None:
    """Add the entries to Blender's menus."""
    for menu, entry in ENTRIES:
        getattr(bpy.types, menu).append(entry)


def remove_entries() -> None:
    """Remove the entries."""
    for menu, entry in reversed(ENTRIES):
        getattr(bpy.types, menu).remove(entry)
