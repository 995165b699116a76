# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel for meshes that are finished: files, by Blender's own exporters where they write all, and the asset browser."""

from __future__ import annotations

from typing import Any

import bpy

from ..narrowing import given, untyped
from ..scene.splats import is_kept
from .sidebar import Tab

# Exporters by format, with the settings that meshes of photos need and that are not Blender's defaults.
EXPORTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "glTF": ("export_scene.gltf", {"use_selection": True, "export_tangents": True}),
    "USD": ("wm.usd_export", {"selected_objects_only": True, "convert_orientation": True}),
    "OBJ": ("tttlrm.export_obj", {}),
    "PLY": ("wm.ply_export", {"export_selected_objects": True}),
    "STL": ("wm.stl_export", {"export_selected_objects": True}),
}


class TTTLRM_PT_mesh_files(Tab, bpy.types.Panel):
    """What the selected meshes can become, where there are photos that they may come from."""

    bl_label = "Mesh Files"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        obj = context.object
        return obj is not None and obj.type == "MESH" and any(map(is_kept, given(context.scene).objects))

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.operator_context = "INVOKE_DEFAULT"
        row = layout.row(align=True)
        for name, (operator, own) in EXPORTERS.items():
            if _is_there(operator):
                button = untyped(row.operator(operator, text=name, translate=False))
                for key, value in own.items():
                    setattr(button, key, value)
        layout.operator("asset.mark", icon="ASSET_MANAGER")


def _is_there(operator: str) -> bool:
    """Whether this Blender has an operator: some Linux distributions leave out USD, and people may turn off glTF."""
    room, name = operator.split(".")
    try:
        return bool(getattr(getattr(bpy.ops, room), name).get_rna_type())
    except KeyError:
        return False


CLASSES = (TTTLRM_PT_mesh_files,)
