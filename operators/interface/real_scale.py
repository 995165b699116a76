# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel that scales a reconstruction to its real size, by the distance between two objects."""

from typing import Any

import bpy

from ..narrowing import given, group_of
from ..scene.splats import is_splats
from ..translations import shown
from .sidebar import Tab, column


class TTTLRM_PT_real_scale(Tab, bpy.types.Panel):
    """Two objects, the distance between them, and what it really is."""

    bl_label = "Real-World Scale"
    bl_parent_id = "TTTLRM_PT_splats"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, own = column(self), group_of(context.scene).measure
        for name in ("first", "second"):
            layout.prop(own, name)
        if own.first and own.second:
            layout.label(text=shown("Now {}", _length(context, own)), translate=False)
        layout.prop(own, "distance")
        row = layout.row()
        row.enabled = bool(own.first and own.second and own.first != own.second)
        button = row.operator("tttlrm.set_scale", text="Set Scale")
        button.objects = "\n".join(obj.name for obj in (own.first, own.second) if obj)
        button.distance = own.distance


def _length(context: bpy.types.Context, own: Any) -> str:
    """Return the distance between the two objects, in the scene's units."""
    units = given(context.scene).unit_settings
    length = (own.first.matrix_world.translation - own.second.matrix_world.translation).length * units.scale_length
    return bpy.utils.units.to_string(units.system, "LENGTH", length, precision=3) if units.system != "NONE" else f"{length:.3f}"


CLASSES = (TTTLRM_PT_real_scale,)
