# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab “tttLRM” in the sidebar of the 3D view; the panels about splats."""

from typing import ClassVar

import bpy

from ..engine import settings
from ..scene.splats import is_splats
from ..sources import new_pictured
from . import reconstruct, worker
from .properties import WORDS
from .tab import Tab, column


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
            new = len(new_pictured(context))
            buttons.operator("tttlrm.extend", text=f"Add {new} Selected Photos" if new else "Add Photos…")
        buttons.operator("tttlrm.export_splats")


class KeptScenePanel(Tab):
    """Settings of the active splats for one kind of job."""

    bl_parent_id = "TTTLRM_PT_splats"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}
    kind: str
    settings_type: type

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return bool(context.object.tttlrm.session)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, group = column(self), getattr(context.object.tttlrm, self.kind)
        for name in WORDS[self.settings_type]:
            layout.prop(group, name)


class TTTLRM_PT_decode(KeptScenePanel, bpy.types.Panel):
    """How splats are decoded."""

    bl_label, kind, settings_type = "Decode Settings", "decode", settings.DecodeSettings


class TTTLRM_PT_refine(KeptScenePanel, bpy.types.Panel):
    """How splats are refined."""

    bl_label, kind, settings_type = "Refine Settings", "refine", settings.RefineSettings


class TTTLRM_PT_mesh(KeptScenePanel, bpy.types.Panel):
    """How a mesh is made."""

    bl_label, kind, settings_type = "Mesh Settings", "mesh", settings.MeshSettings


CLASSES = (
    *reconstruct.CLASSES,
    TTTLRM_PT_splats,
    TTTLRM_PT_decode,
    TTTLRM_PT_refine,
    TTTLRM_PT_mesh,
    *worker.CLASSES,
)
