# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel for baking photos onto the active mesh."""

import bpy

from .. import properties
from ..narrowing import given, group_of
from ..scene.splats import is_kept
from .sidebar import Order, Tab, column


class TTTLRM_PT_bake(Tab, bpy.types.Panel):
    """Settings of the active mesh, where there are photos to bake onto it."""

    bl_label = "Bake Photos"
    bl_order = Order.BAKE

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        obj = context.object
        return obj is not None and obj.type == "MESH" and any(map(is_kept, given(context.scene).objects))

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, own = column(self), group_of(context.object).bake
        for name in ("splats", "dense", *properties.bake_annotations()):
            layout.prop(own, name)
        layout.operator("tttlrm.bake", icon="TEXTURE")


CLASSES = (TTTLRM_PT_bake,)
