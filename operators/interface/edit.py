# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels and the menu for cleaning up and editing splats."""

import bpy
from bpy.app.translations import pgettext_n

from ..narrowing import given, group_of, untyped
from ..scene import cleaning, masks
from ..scene.splats import is_splats
from ..translations import shown
from .sidebar import Order, Tab, column

# Labels and icons of the buttons in the panel, by operator.
SELECTING = {
    "box": (pgettext_n("Box"), "SELECT_SET"),
    "lasso": (pgettext_n("Lasso"), "GP_SELECT_STROKES"),
    "brush": (pgettext_n("Brush"), "BRUSH_DATA"),
    "color": (pgettext_n("Color"), "COLOR"),
    "size": (pgettext_n("Size"), "FULLSCREEN_ENTER"),
    "opacity": (pgettext_n("Opacity"), "MOD_OPACITY"),
    "distance": (pgettext_n("Distance"), "DRIVER_DISTANCE"),
    "inside": (pgettext_n("Inside"), "MESH_CUBE"),
    "floaters": (pgettext_n("Floaters"), "OUTLINER_OB_POINTCLOUD"),
}
CHANGING = {
    "hide": (pgettext_n("Hide"), "HIDE_ON"),
    "reveal": (pgettext_n("Reveal"), "HIDE_OFF"),
    "delete": (pgettext_n("Delete"), "TRASH"),
    "separate": (pgettext_n("Separate"), "UNLINKED"),
    "join": (pgettext_n("Join"), "LINKED"),
}
PLACING = {
    "apply_transform": (pgettext_n("Apply Transform"), "CHECKMARK"),
    "align_ground": (pgettext_n("Align to Ground"), "VIEW_PERSPECTIVE"),
    "set_scale": (pgettext_n("Set Real-World Scale…"), "FIXED_SIZE"),
}
CLEANING = ("clean_up", "revert_clean_up", "fit_region", "delete_hidden_splats")


class TTTLRM_MT_edit_splats(bpy.types.Menu):
    """Select, change and place splats"""

    bl_label = "Gaussian Splats"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.operator("tttlrm.select_all", text="Select All Splats").action = "SELECT"
        layout.operator("tttlrm.select_all", text="Deselect All Splats").action = "DESELECT"
        layout.operator("tttlrm.select_all", text="Invert Splat Selection").action = "INVERT"
        for name in SELECTING:
            layout.operator(f"tttlrm.select_{name}")
        layout.separator()
        for name in CHANGING:
            layout.operator(f"tttlrm.{name}_splats")
        layout.separator()
        for name in CLEANING:
            layout.operator(f"tttlrm.{name}")
        layout.separator()
        for name in PLACING:
            layout.operator(f"tttlrm.{name}")


class TTTLRM_PT_clean_up(Tab, bpy.types.Panel):
    """What is left out of the active splats: one button, and settings that can be dragged."""

    bl_label = "Clean Up"
    bl_order = Order.CLEAN_UP

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        obj, layout = given(context.object), column(self)
        own = group_of(obj)
        layout.operator("tttlrm.clean_up", icon="SHADERFX")
        settings = layout.column(align=True)
        for name in cleaning.SETTINGS:
            settings.prop(own.decode, name, slider=True)
        row = layout.row()
        row.prop(own, "use_region")
        row.operator("tttlrm.fit_region", text="", icon="SHADING_BBOX")
        if masks.hidden(obj) is None:
            return
        if count := cleaning.left_out(obj):
            layout.label(text=shown("{:,} left out, none deleted", count))
        if (hand := masks.by_hand(obj)) is not None:
            layout.label(text=shown("{:,} hidden by hand", int(hand.sum())))
        row = layout.row(align=True)
        if cleaning.is_on(obj):
            row.operator("tttlrm.revert_clean_up", text="Revert", icon="LOOP_BACK")
        row.operator("tttlrm.delete_hidden_splats", text="Delete Hidden", icon="TRASH")


class TTTLRM_PT_edit(Tab, bpy.types.Panel):
    """Select, change and place the splats of the active and the selected objects."""

    bl_label = "Edit Splats"
    bl_parent_id = "TTTLRM_PT_clean_up"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.label(text=_counts(given(context.object)))
        select = _group(layout, pgettext_n("Select"), "RESTRICT_SELECT_OFF")
        row = select.row(align=True)
        row.operator("tttlrm.select_all", text="All").action = "SELECT"
        row.operator("tttlrm.select_all", text="None").action = "DESELECT"
        row.operator("tttlrm.select_all", text="Invert").action = "INVERT"
        _grid(select, SELECTING, "tttlrm.select_{}")
        _grid(_group(layout, pgettext_n("Change"), "GREASEPENCIL"), CHANGING, "tttlrm.{}_splats")
        _grid(_group(layout, pgettext_n("Place"), "ORIENTATION_GLOBAL"), PLACING, "tttlrm.{}", columns=1)


def _group(layout: bpy.types.UILayout, text: str, icon: str) -> bpy.types.UILayout:
    """Return a box under a heading."""
    box = layout.box().column()
    box.label(text=text, icon=untyped(icon))
    return box


def _grid(layout: bpy.types.UILayout, buttons: dict[str, tuple[str, str]], operator: str, columns: int = 2) -> None:
    """Draw buttons with icons, row by row."""
    grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
    for name, (text, icon) in buttons.items():
        grid.operator(operator.format(name), text=text, icon=untyped(icon))


def _counts(obj: bpy.types.Object) -> str:
    """Return how many splats are selected and hidden."""
    selected, hidden = (0 if mask is None else int(mask.sum()) for mask in (masks.selected(obj), masks.by_hand(obj)))
    return shown("{:,} selected · {:,} hidden", selected, hidden)


CLASSES = (TTTLRM_MT_edit_splats, TTTLRM_PT_clean_up, TTTLRM_PT_edit)
