# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of meshes that are finished, by Blender's own exporters where they write all."""

from __future__ import annotations

from typing import Any

import bpy

from ..narrowing import given, untyped
from ..scene.splats import is_kept

# Exporters by format, with the settings that meshes of photos need and that are not Blender's defaults.
EXPORTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "glTF": ("export_scene.gltf", {"use_selection": True, "export_tangents": True}),
    "USD": ("wm.usd_export", {"selected_objects_only": True, "convert_orientation": True}),
    "OBJ": ("tttlrm.export_obj", {}),
    "PLY": ("wm.ply_export", {"export_selected_objects": True}),
    "STL": ("wm.stl_export", {"export_selected_objects": True}),
}


def has_mesh(context: bpy.types.Context) -> bool:
    """Whether the active object is a mesh, where there are photos that it may come from."""
    obj = context.object
    return obj is not None and obj.type == "MESH" and any(map(is_kept, given(context.scene).objects))


def draw(layout: bpy.types.UILayout) -> None:
    """Draw the buttons that write the selected meshes to files."""
    layout.operator_context = "INVOKE_DEFAULT"
    row = layout.row(align=True)
    for name, (operator, own) in EXPORTERS.items():
        if _is_there(operator):
            button = untyped(row.operator(operator, text=name, translate=False))
            for key, value in own.items():
                setattr(button, key, value)


def _is_there(operator: str) -> bool:
    """Whether this Blender has an operator: some Linux distributions leave out USD, and people may turn off glTF."""
    room, name = operator.split(".")
    try:
        return bool(getattr(getattr(bpy.ops, room), name).get_rna_type())
    except KeyError:
        return False
