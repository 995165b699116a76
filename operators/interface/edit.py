# SPDX-License-Identifier: GPL-3.0-or-later
"""Where editing splats is found: a panel in the tab, and a menu in Blender's Object menus, which F3 searches too."""

from typing import ClassVar

import bpy

from ..scene import masks
from ..scene.splats import is_splats
from .tab import Tab

SELECTING = ("box", "brush", "color", "size", "opacity", "distance", "inside", "floaters")
CHANGING = ("delete", "separate", "join", "crop")
PLACING = ("apply_transform", "align_ground", "set_scale")


class TTTLRM_MT_edit_splats(bpy.types.Menu):
    """Everything that can be done with splats."""

    bl_label = "Gaussian Splats"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = self.layout
        for action, text in (
            ("SELECT", "Select All Splats"),
            ("DESELECT", "Select No Splats"),
            ("INVERT", "Invert Selected Splats"),
        ):
            layout.operator("tttlrm.select_all", text=text).action = action
        for name in SELECTING:
            layout.operator(f"tttlrm.select_{name}")
        layout.separator()
        for name in ("hide", "reveal", *CHANGING):
            layout.operator(f"tttlrm.{name}_splats")
        layout.separator()
        for name in PLACING:
            layout.operator(f"tttlrm.{name}")


class TTTLRM_PT_edit(Tab, bpy.types.Panel):
    """Selecting, changing and placing the splats of the active and the selected objects."""

    bl_label = "Edit Splats"
    bl_parent_id = "TTTLRM_PT_splats"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = self.layout
        layout.label(text=_counts(context.object))
        row = layout.row(align=True)
        for action, text in (("SELECT", "All"), ("DESELECT", "None"), ("INVERT", "Invert")):
            row.operator("tttlrm.select_all", text=text).action = action
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for name, text in zip(
            SELECTING, ("Box", "Brush", "Colour", "Size", "Opacity", "Distance", "Inside", "Floaters"), strict=True
        ):
            grid.operator(f"tttlrm.select_{name}", text=text)
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for name, text in zip(
            ("hide", "reveal", *CHANGING), ("Hide", "Reveal", "Delete", "Separate", "Join", "Crop"), strict=True
        ):
            grid.operator(f"tttlrm.{name}_splats", text=text)
        column = layout.column(align=True)
        for name, text in zip(PLACING, ("Apply Transform", "Align to Ground", "Set Real-World Scale…"), strict=True):
            column.operator(f"tttlrm.{name}", text=text)


def _counts(obj: bpy.types.Object) -> str:
    """How many splats are selected and hidden."""
    found = (("selected", masks.selected(obj)), ("hidden", masks.hidden(obj)))
    return " · ".join(f"{0 if mask is None else int(mask.sum()):,} {word}" for word, mask in found)


def _entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if is_splats(context.object):
        menu.layout.separator()
        menu.layout.menu("TTTLRM_MT_edit_splats", icon="OUTLINER_OB_POINTCLOUD")


def _apply_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if is_splats(context.object):
        menu.layout.separator()
        menu.layout.operator("tttlrm.apply_transform")


CLASSES = (TTTLRM_MT_edit_splats, TTTLRM_PT_edit)
ENTRIES = (("VIEW3D_MT_object_context_menu", _entry), ("VIEW3D_MT_object", _entry), ("VIEW3D_MT_object_apply", _apply_entry))


def add_menu_entries() -> None:
    """Put the entries into Blender's menus."""
    for menu, entry in ENTRIES:
        getattr(bpy.types, menu).append(entry)


def remove_menu_entries() -> None:
    """Take them back out."""
    for menu, entry in reversed(ENTRIES):
        getattr(bpy.types, menu).remove(entry)
