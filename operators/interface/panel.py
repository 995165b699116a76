# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab “tttLRM” in the sidebar of the 3D view."""

from typing import ClassVar

import bpy

from .. import activity, worker
from ..scene.cameras import background_photo
from ..scene.splats import is_splats
from . import kept
from .tab import Tab, column


class TTTLRM_PT_reconstruct(Tab, bpy.types.Panel):
    """From photos to splats, and what the worker is doing."""

    bl_label = "Reconstruct"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, wanted = column(self), context.scene.tttlrm
        photos = sum(background_photo(obj) is not None for obj in context.selected_objects)
        text = f"Reconstruct {photos} Selected Photos" if photos else "Reconstruct a Folder…"
        layout.operator("tttlrm.reconstruct", text=text, icon="OUTLINER_OB_POINTCLOUD")
        for name in ("views", "width", "height", "scan"):
            layout.prop(wanted, name)
        layout.prop(wanted.refine, "steps", text="Refine Steps")
        layout.prop(wanted.refine, "passes", text="Refine Passes")
        layout.prop(wanted.refine, "seconds", text="Refine Seconds")
        layout.prop(wanted, "with_mesh")
        _draw_activity(layout)


class TTTLRM_PT_photos(Tab, bpy.types.Panel):
    """Rarer choices."""

    bl_label = "Photos and Network"
    bl_parent_id = "TTTLRM_PT_reconstruct"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, wanted = column(self), context.scene.tttlrm
        for name in ("poses", "hold_out", "elastic", "checkpoint"):
            layout.prop(wanted, name)


class TTTLRM_PT_splats(Tab, bpy.types.Panel):
    """What can be done with the active splats."""

    bl_label = "Splats"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = self.layout
        layout.label(text=f"{context.object.name}: {len(context.object.data.points):,} splats")
        buttons = layout.column(align=True)
        if context.object.tttlrm.session:
            for kind in ("decode", "refine", "mesh"):
                buttons.operator(f"tttlrm.{kind}")
        buttons.operator("tttlrm.export_splats")
        kept.draw_trouble(layout, context)


class TTTLRM_PT_worker(Tab, bpy.types.Panel):
    """The process that does the work."""

    bl_label = "Worker"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = self.layout
        layout.label(text="Connected" if worker.link.connected else "Starts when it is needed")
        row = layout.row(align=True)
        row.operator("tttlrm.start_worker", text="Start")
        row.operator("tttlrm.stop_worker", text="Stop")


def _draw_activity(layout: bpy.types.UILayout) -> None:
    if activity.current is None:
        return
    layout.separator()
    layout.progress(factor=activity.current.fraction, text=activity.current.text)
    layout.operator("tttlrm.cancel", icon="CANCEL")


CLASSES = (
    TTTLRM_PT_reconstruct,
    TTTLRM_PT_photos,
    TTTLRM_PT_splats,
    *kept.CLASSES,
    TTTLRM_PT_worker,
)
