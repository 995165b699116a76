# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels of the tttLRM tab in the sidebar of the 3D Viewport, and the panel for the active splats."""

import bpy

from ..narrowing import given, group_of
from ..scene import versions
from ..scene.points import cloud_of
from ..scene.splats import is_splats
from ..sources import new_pictured
from ..translations import shown
from . import bake, compare, deliver, engine_offer, real_scale, reconstruct, splat_settings, worker
from .sidebar import Tab


class TTTLRM_PT_splats(Tab, bpy.types.Panel):
    """What the active splats are, and what makes them better."""

    bl_label = "Splats"
    bl_parent_id = "TTTLRM_PT_reconstruct"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_splats(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = given(self.layout)
        layout.label(
            text=shown("{}: {:,} splats", given(context.object).name, len(cloud_of(given(context.object)).points)),
            translate=False,
        )
        if group_of(context.object).session:
            layout.label(text=shown("{}", versions.state(given(context.object))), translate=False)
            buttons = layout.column(align=True)
            buttons.operator("tttlrm.refine")
            new = len(new_pictured(context))
            text = shown("Add {} Selected Photos", new) if new else shown("Add Photos…")
            buttons.operator("tttlrm.extend", text=text, translate=False)
        splat_settings.draw_trouble(layout, context)


CLASSES = (
    *engine_offer.CLASSES,
    *reconstruct.CLASSES,
    TTTLRM_PT_splats,
    *compare.CLASSES,
    *splat_settings.CLASSES,
    *real_scale.CLASSES,
    *bake.CLASSES,
    *deliver.CLASSES,
    *worker.CLASSES,
)
