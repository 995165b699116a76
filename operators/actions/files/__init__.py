# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and export splats and cameras, without a worker."""

import bpy

from ...narrowing import given
from . import drop, export_cameras, export_obj, export_splats, import_splats

CLASSES = (
    import_splats.TTTLRM_OT_import_splats,
    export_splats.TTTLRM_OT_export_splats,
    export_cameras.TTTLRM_OT_export_cameras,
    export_obj.TTTLRM_OT_export_obj,
    drop.TTTLRM_FH_splats,
)


def _import_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    given(menu.layout).operator("tttlrm.import_splats", text="Gaussian Splats (.ply, .spz, .splat, .glb)")


def _export_entries(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    given(menu.layout).operator("tttlrm.export_splats", text="Gaussian Splats (.ply, .spz, .splat, .glb)")
    given(menu.layout).operator("tttlrm.export_cameras", text="Cameras (transforms.json, COLMAP)")
    given(menu.layout).operator("tttlrm.export_obj", text="Wavefront with Images (.obj)")


def add_menu_entries() -> None:
    """Add the entries to the File menu."""
    bpy.types.TOPBAR_MT_file_import.append(_import_entry)
    bpy.types.TOPBAR_MT_file_export.append(_export_entries)


def remove_menu_entries() -> None:
    """Remove the entries."""
    bpy.types.TOPBAR_MT_file_export.remove(_export_entries)
    bpy.types.TOPBAR_MT_file_import.remove(_import_entry)
