# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of docs/ that F1 opens for each button. Blender takes the first pattern that matches the name in lowercase."""

from pathlib import Path

import bpy

# The build puts docs/ as HTML into the extension, so that the pages match its version and need no network.
ADDRESS = (Path(__file__).parents[2] / "docs").as_uri() + "/"

OPERATORS = {
    "reconstruct_again": "settings.html#on-another-computer",
    "reconstruct": "photos.html#sources-in-blender",
    "drop": "photos.html#sources-in-blender",
    "extend": "photos.html#sources-in-blender",
    "choose_folder": "photos.html#sources-in-blender",
    "view_photo": "interface.html#against-the-photos",
    "next_photo": "interface.html#against-the-photos",
    "previous_photo": "interface.html#against-the-photos",
    "compare": "interface.html#against-the-photos",
    "wipe": "interface.html#against-the-photos",
    "show_photo": "photos.html#photos-that-are-left-out",
    "*_photos": "photos.html#sources-in-blender",
    "decode_preset": "settings.html#settings-of-splats",
    "decode_selected": "settings.html#settings-of-splats",
    "copy_settings": "settings.html#settings-of-splats",
    "decode": "settings.html#decode",
    "refine": "refinement.html#refinement",
    "mesh": "settings.html#mesh",
    "bake": "meshes.html#your-own-mesh",
    "import_splats": "formats.html#which-way-is-up",
    "export_splats": "formats.html#which-way-is-up",
    "export_cameras": "formats.html#cameras",
    "export_obj": "meshes.html#other-formats-and-assets",
    "clean_up": "editing.html#cleaning-up",
    "revert_clean_up": "editing.html#cleaning-up",
    "fit_region": "editing.html#cleaning-up",
    "delete_hidden_splats": "editing.html#cleaning-up",
    "select_*": "editing.html#editing-splats",
    "*_splats": "editing.html#editing-splats",
    "apply_transform": "editing.html#editing-splats",
    "align_ground": "editing.html#editing-splats",
    "set_scale": "editing.html#editing-splats",
    "check_worker": "install.html#when-it-fails",
    "*_worker": "install.html#installing",
    "cancel": "interface.html#while-a-job-runs",
}
PROPERTIES = {
    "pg_compare": "interface.html#against-the-photos",
    "pg_figure": "interface.html#against-the-photos",
    "pg_object.active_figure": "interface.html#against-the-photos",
    "pg_object.measured": "interface.html#against-the-photos",
    "pg_object.figures": "interface.html#against-the-photos",
    "pg_scene.compare": "interface.html#against-the-photos",
    "pg_photo": "photos.html#sources-in-blender",
    "pg_source": "photos.html#sources-in-blender",
    "pg_scene.orient": "photos.html#orientation-and-scale",
    "pg_scene.distance": "photos.html#orientation-and-scale",
    "pg_scene.remove_background": "photos.html#removing-backgrounds",
    "pg_scene.poses*": "photos.html#poses",
    "pg_scene": "settings.html#reconstruct",
    "pg_decode.floaters": "editing.html#cleaning-up",
    "pg_decode.fog": "editing.html#cleaning-up",
    "pg_decode": "settings.html#decode",
    "pg_refine": "settings.html#refine",
    "pg_mesh": "settings.html#mesh",
    "pg_bake": "meshes.html#your-own-mesh",
    "pg_object.use_region": "editing.html#cleaning-up",
    "pg_object.region": "editing.html#cleaning-up",
    "pg_object.session": "settings.html#on-another-computer",
    "pg_object.files": "settings.html#on-another-computer",
    "pg_object": "settings.html#settings-of-splats",
    "pg_measure": "photos.html#orientation-and-scale",
    "pg_dab": "editing.html#editing-splats",
    "pg_corner": "editing.html#editing-splats",
    "preferences.python": "install.html#other-ways",
    "preferences.wheels": "install.html#without-a-network",
    "preferences.build": "install.html#what-is-installed-and-where",
    "preferences": "remote.html#in-blender",
}


def pages() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Blender calls this. Return the base address of the pages, and pairs of a pattern and the rest of the address."""
    operators = tuple((f"bpy.ops.tttlrm.{name}", page) for name, page in OPERATORS.items())
    properties = tuple((f"bpy.types.tttlrm_{name}{'' if '.' in name else '.*'}", page) for name, page in PROPERTIES.items())
    return ADDRESS, operators + properties


def register() -> None:
    """Register the pages for F1."""
    bpy.utils.register_manual_map(pages)


def unregister() -> None:
    """Unregister the pages."""
    bpy.utils.unregister_manual_map(pages)
