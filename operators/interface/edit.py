# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel and the menu for editing splats."""

import bpy
from bpy.app.translations import pgettext_n

from ..narrowing import given
from ..scene import masks
from ..scene.splats import is_splats
from ..translations import shown
from .sidebar import Order, Tab

# Labels of the buttons in the panel, by operator.
SELECTING = {
    "box": pgettext_n("Box"),
    "brush": pgettext_n("Brush"),
    "color": pgettext_n("Color"),
    "size": pgettext_n("Size"),
    "opacity": pgettext_n("Opacity"),
    "distance": pgettext_n("Distance"),
    "inside": pgettext_n("Inside"),
    "floaters": pgettext_n("Floaters"),
}
CHANGING = {
    "hide": pgettext_n("Hide"),
    "reveal": pgettext_n("Reveal"),
    "delete": pgettext_n("Delete"),
    "separate": pgettext_n("Separate"),
    "join": pgettext_n("Join"),
    "crop": pgettext_n("Crop"),
}
PLACING = {
    "apply_transform": pgettext_n("Apply Transform"),
    "align_ground": pgettext_n("Align to Ground"),
    "set_scale": pgettext_n("Set Real-World Scale…"),
}


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
        for name in PLACING:
            layout.operator(f"tttlrm.{name}")


class TTTLRM_PT_edit(Tab, bpy.types.Panel):
    """Select, change and place the splats of the active and the selected objects."""

    bl_label = "Clean Up"
    bl_order = Order.CLEAN_UP
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.label(text=_counts(given(context.object)))
        row = layout.row(align=True)
        row.operator("tttlrm.select_all", text="All").action = "SELECT"
        row.operator("tttlrm.select_all", text="None").action = "DESELECT"
        row.operator("tttlrm.select_all", text="Invert").action = "INVERT"
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for name, text in SELECTING.items():
            grid.operator(f"tttlrm.select_{name}", text=text)
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for name, text in CHANGING.items():
            grid.operator(f"tttlrm.{name}_splats", text=text)
        column = layout.column(align=True)
        for name, text in PLACING.items():
            column.operator(f"tttlrm.{name}", text=text)


def _counts(obj: bpy.types.Object) -> str:
    """Return how many splats are selected and hidden."""
    selected, hidden = (0 if mask is None else int(mask.sum()) for mask in (masks.selected(obj), masks.by_hand(obj)))
    return shown("{:,} selected · {:,} hidden", selected, hidden)


CLASSES = (TTTLRM_MT_edit_splats, TTTLRM_PT_edit)
