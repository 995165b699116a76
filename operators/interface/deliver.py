# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel for what is finished: files of splats, cameras and meshes, and the asset browser."""

import bpy

from ..narrowing import given
from ..scene.reconstruction import cameras_of
from ..scene.splats import is_splats
from . import mesh_files
from .sidebar import Order, Tab


class TTTLRM_PT_deliver(Tab, bpy.types.Panel):
    """What the active splats or the selected meshes can become."""

    bl_label = "Deliver"
    bl_order = Order.DELIVER

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object) or mesh_files.has_mesh(context)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout).column()
        if is_splats(context.object):
            buttons = layout.column(align=True)
            buttons.operator("tttlrm.export_splats", icon="EXPORT")
            if cameras_of(given(context.object)):
                buttons.operator("tttlrm.export_cameras", icon="CAMERA_DATA")
        else:
            mesh_files.draw(layout)
        layout.operator("asset.mark", icon="ASSET_MANAGER")


CLASSES = (TTTLRM_PT_deliver,)
