# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of the folder's photos, with check marks, and marks for those that are blurred."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..narrowing import untyped
from ..sources.properties import TTTLRM_PG_source
from ..translations import shown
from . import sharpness, thumbnails

ROWS = 6  # of the list
LARGE = 8.0  # height of the active photo's preview, in buttons


class TTTLRM_UL_photos(bpy.types.UIList):
    """Photos with check marks."""

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
        layout.use_property_split = False
        row, path = layout.row(align=True), path_of(data, item)
        row.prop(item, "use", text="")
        row.label(text=item.name, translate=False, icon_value=thumbnails.icon(path))
        if path in blurred(data):
            row.operator("tttlrm.show_photo", text="", icon="ERROR", emboss=False).index = index or 0


def draw(layout: bpy.types.UILayout, group: TTTLRM_PG_source) -> None:
    """Draw the list, or only its heading where it is folded."""
    soft = blurred(group)
    heading = layout.row(align=True)
    heading.use_property_split = False
    text = shown("{} Photos, {} Blurred", len(group.photos), len(soft)) if soft else shown("{} Photos", len(group.photos))
    arrow = "DOWNARROW_HLT" if group.photos_listed else "RIGHTARROW"
    heading.prop(group, "photos_listed", text=text, translate=False, icon=untyped(arrow), emboss=False)
    if not group.photos_listed:
        return
    layout.template_list("TTTLRM_UL_photos", "", group, "photos", group, "active_photo", rows=ROWS)
    row = layout.row(align=True)
    row.operator("tttlrm.check_photos", text="All").which = "ALL"
    row.operator("tttlrm.check_photos", text="None").which = "NONE"
    row.operator("tttlrm.check_photos", text="Invert").which = "INVERT"
    if group.active_photo < len(group.photos):
        active = path_of(group, group.photos[group.active_photo])
        layout.template_icon(thumbnails.icon(active), scale=LARGE)


def blurred(group: Any) -> set[Path]:
    """The blurred ones among the checked photos, as the worker judges those that it gets."""
    return sharpness.blurred(path_of(group, photo) for photo in group.photos if photo.use)


def path_of(group: Any, photo: bpy.types.PropertyGroup) -> Path:
    """The file of a photo of the list."""
    return Path(bpy.path.abspath(group.folder), photo.name)


CLASSES = (TTTLRM_UL_photos,)
