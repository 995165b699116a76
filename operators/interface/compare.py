# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel and the menu for comparing splats with their photos."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import bpy

from ..narrowing import given, group_of, untyped
from ..scene import figures
from ..scene.cameras import background_photo
from ..scene.compare import (
    MODES,
    camera_seen,
    is_photo_camera,
    looks_through,
    photo_of,
    splats_compared,
)
from ..scene.splats import is_splats
from ..translations import shown
from .sidebar import Order, Tab, paragraph

ROWS = 6  # of the list
SET_ASIDE = "BOOKMARKS"  # icon of photos that judged the refinement


class TTTLRM_UL_figures(bpy.types.UIList):
    """Photos with how well the splats match them."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int | None,
        active_data: Any,
        active_property: str | None,
        index: int | None = 0,
        flt_flag: int | None = 0,
    ) -> None:
        """Blender calls this for the visible rows."""
        row = layout.row()
        row.label(text=PurePath(item.name).name, translate=False, icon=untyped(SET_ASIDE if item.set_aside else "IMAGE_DATA"))
        value = row.row()
        value.alignment = "RIGHT"
        value.label(text=shown("{:.1f} dB", item.psnr), translate=False)


class TTTLRM_MT_compare(bpy.types.Menu):
    """Look through the cameras of photos, and compare splats with photos"""

    bl_label = "Compare with Photo"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.operator_context = "INVOKE_REGION_WIN"
        for name in ("view_photo", "next_photo", "previous_photo"):
            layout.operator(f"tttlrm.{name}")
        layout.separator()
        for mode, label, _ in MODES:
            layout.operator("tttlrm.compare", text=label).mode = mode
        layout.operator("tttlrm.wipe")


class TTTLRM_PT_compare(Tab, bpy.types.Panel):
    """The photos of splats, beside the splats in the camera view and in figures."""

    bl_label = "Compare"
    bl_order = Order.COMPARE

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return splats_compared(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, splats = given(self.layout), given(splats_compared(context))
        _draw_photo(layout, context, splats)
        group = group_of(context.scene).compare
        layout.row().prop(group, "mode", expand=True)
        if group.mode == "WIPE":
            layout.prop(group, "split", slider=True)
        elif group.mode == "DIFFERENCE":
            layout.prop(group, "gain")
        if group.mode != "OFF" and (lacking := _lacking(context)):
            paragraph(layout, context, lacking, "INFO")
        _draw_figures(layout, context, splats)


def _lacking(context: bpy.types.Context) -> str:
    """Return why nothing can be compared in the view; empty if it can."""
    space = context.space_data if isinstance(context.space_data, bpy.types.SpaceView3D) else None
    camera = camera_seen(given(context.scene), space)
    if not looks_through(space) or not is_photo_camera(camera):
        return shown("Look through the camera of a photo to compare it.")
    return "" if background_photo(given(camera)) else shown("The photo of this camera is not in this file.")


def _draw_photo(layout: bpy.types.UILayout, context: bpy.types.Context, splats: bpy.types.Object) -> None:
    """Draw which photo is seen, or a button for seeing one."""
    space = context.space_data if isinstance(context.space_data, bpy.types.SpaceView3D) else None
    camera, row = camera_seen(given(context.scene), space), layout.row(align=True)
    row.operator("tttlrm.previous_photo", text="", icon="TRIA_LEFT")
    if looks_through(space) and is_photo_camera(camera):
        name = photo_of(given(camera))
        figure = figures.find(splats, name)
        text = shown("{} · {:.1f} dB", PurePath(name).name, figure.psnr) if figure else PurePath(name).name
        row.operator("tttlrm.view_photo", text=text, translate=False).photo = name
    else:
        row.operator("tttlrm.view_photo", icon="VIEW_CAMERA")
    row.operator("tttlrm.next_photo", text="", icon="TRIA_RIGHT")


def _draw_figures(layout: bpy.types.UILayout, context: bpy.types.Context, splats: bpy.types.Object) -> None:
    own = group_of(splats)
    if not own.figures:
        paragraph(layout, context, shown("Refine the splats to measure each photo."), "INFO")
        return
    layout.template_list("TTTLRM_UL_figures", "", own, "figures", own, "active_figure", rows=ROWS)
    if any(figure.set_aside for figure in own.figures):
        paragraph(layout, context, shown("Set aside to judge the refinement"), SET_ASIDE)
    if not figures.are_of_what_is_shown(splats):
        paragraph(layout, context, shown("The splats were changed since they were measured."), "ERROR")


CLASSES = (TTTLRM_UL_figures, TTTLRM_MT_compare, TTTLRM_PT_compare)


def view_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    """Add the menu to Blender's menu View."""
    if is_splats(context.object) or is_photo_camera(given(context.scene).camera):
        given(menu.layout).separator()
        given(menu.layout).menu("TTTLRM_MT_compare")
