# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels for photos, and for reconstructing splats from them."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..jobs import activity, worker
from ..narrowing import group_of
from ..sources import missing, source_of
from ..sources.properties import TTTLRM_PG_source
from ..translations import shown, worded
from . import outlook, photo_list, progress
from .sidebar import Order, Tab, column, draw_setting, paragraph

LIMITS = ("steps", "passes", "seconds")  # of refine settings, which replace the quality


class TTTLRM_PT_photos(Tab, bpy.types.Panel):
    """The photos, and where their camera poses come from."""

    bl_label = "Photos"
    bl_order = Order.PHOTOS

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, wanted = column(self), group_of(context.scene)
        layout.prop(wanted.source, "kind")
        if wanted.source.kind in DRAW:
            DRAW[wanted.source.kind](layout, wanted.source)
        layout.separator()
        layout.prop(wanted.source, "cameras", text="Cameras")
        if wanted.source.cameras == "FILE":
            layout.prop(wanted, "poses_file")


class TTTLRM_PT_reconstruct(Tab, bpy.types.Panel):
    """Reconstruct splats from photos, with progress."""

    bl_label = "Reconstruct"
    bl_order = Order.RECONSTRUCT

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = column(self)
        draw_quality(layout, group_of(context.scene).refine)
        _draw_button(layout, context)
        if worker.lacks_engine():
            paragraph(layout, context, shown("Install the engine first."), "INFO")
        progress.draw(layout)


class TTTLRM_PT_options(Tab, bpy.types.Panel):
    """Less common settings."""

    bl_label = "Options"
    bl_parent_id = "TTTLRM_PT_reconstruct"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, wanted = column(self), group_of(context.scene)
        draw_setting(layout, wanted, "width", text="Photo Width")
        draw_setting(layout, wanted, "height", text="Photo Height")
        layout.prop(wanted, "remove_background")
        layout.prop(wanted, "orient")
        layout.prop(wanted, "with_mesh")
        layout.prop(wanted.refine, "surface")


class TTTLRM_PT_limits(Tab, bpy.types.Panel):
    """Limits on refinement instead of a quality."""

    bl_label = "Refinement Limits"
    bl_parent_id = "TTTLRM_PT_reconstruct"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        draw_limits(column(self), group_of(context.scene).refine)


class TTTLRM_PT_advanced(Tab, bpy.types.Panel):
    """Settings of the network and of measurements."""

    bl_label = "Advanced"
    bl_parent_id = "TTTLRM_PT_reconstruct"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, wanted = column(self), group_of(context.scene)
        draw_setting(layout, wanted, "checkpoint", text="Model")
        for name in ("views", "scan", "elastic", "hold_out"):
            draw_setting(layout, wanted, name)
        layout.prop(wanted.decode, "seed")


def draw_quality(layout: bpy.types.UILayout, refine: bpy.types.PropertyGroup) -> None:
    """Draw the quality of refine settings, grayed out while limits replace it."""
    row = layout.row()
    row.active = not any(getattr(refine, name) for name in LIMITS)
    row.prop(refine, "quality")


def draw_limits(layout: bpy.types.UILayout, refine: bpy.types.PropertyGroup) -> None:
    """Draw the limits of refine settings."""
    limits = layout.column(align=True)
    for name in LIMITS:
        draw_setting(limits, refine, name)


def _draw_folder(layout: bpy.types.UILayout, group: TTTLRM_PG_source) -> None:
    row = layout.row(align=True)
    folder = Path(bpy.path.abspath(group.folder)).name if group.folder else shown("Choose a Folder…")
    row.operator("tttlrm.choose_folder", text=folder, translate=False, icon="FILE_FOLDER")
    row.operator("tttlrm.list_photos", text="", icon="FILE_REFRESH")
    if group.photos:
        photo_list.draw(layout, group)


def _draw_video(layout: bpy.types.UILayout, group: TTTLRM_PG_source) -> None:
    layout.prop(group, "video", text="File")


def _draw_cameras(layout: bpy.types.UILayout, group: TTTLRM_PG_source) -> None:
    layout.prop(group, "collection")


def _draw_clip(layout: bpy.types.UILayout, group: TTTLRM_PG_source) -> None:
    layout.prop(group, "clip")


DRAW = {"FOLDER": _draw_folder, "VIDEO": _draw_video, "CAMERAS": _draw_cameras, "CLIP": _draw_clip}


def _draw_button(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the button. While something is missing, it is grayed out, and its tooltip and the line below say what to do."""
    source = source_of(context)
    lacking = missing(context, source)
    button = layout.column()
    button.scale_y = 2.0
    button.context_pointer_set("tttlrm_source", group_of(context.scene).source)
    text, below = (shown("Reconstruct"), "") if lacking else outlook.label(context, source)
    button.operator("tttlrm.reconstruct", text=text, translate=False, icon="OUTLINER_OB_POINTCLOUD")
    if below and activity.current is None:
        layout.label(text=below, translate=False, icon="TIME")
    paragraph(layout, context, worded(lacking), "INFO")


CLASSES = (
    *photo_list.CLASSES,
    TTTLRM_PT_photos,
    TTTLRM_PT_reconstruct,
    TTTLRM_PT_options,
    TTTLRM_PT_limits,
    TTTLRM_PT_advanced,
)
