# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of splats whose scene a worker keeps, in the sidebar and in the Object Data properties."""

from collections.abc import Collection

import bpy

from .. import addon
from ..engine import errors, settings
from ..jobs import decode_queue, failures
from ..mixins import Panel
from ..narrowing import given, group_of
from ..properties import described
from ..scene import cleaning
from ..scene.splats import is_kept, is_splats
from ..translations import shown
from .presets import TTTLRM_PT_decode_presets
from .reconstruct import draw_quality
from .sidebar import Order, Tab, column, draw_setting, paragraph

COMMON = ("faces", "texture", "lods", "collider")  # mesh settings that are not in the panel Advanced
FOR_SCRIPTS = ("source",)  # mesh settings that are in no panel: the other choice measures worse


class DataTab(Panel):
    """A panel in the Object Data properties."""

    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "data"


class KeptScenePanel(Panel):
    """Settings of the active splats for one kind of job."""

    bl_options = {"DEFAULT_CLOSED"}
    kind: str
    settings_type: type

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this, for panels in panels also where there is no object."""
        return context.object is not None and bool(group_of(context.object).session)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        self.draw_settings(context)

    def draw_settings(self, context: bpy.types.Context, but: Collection[str] = ()) -> None:
        """Draw all settings `but` some."""
        layout, group = column(self), getattr(group_of(context.object), self.kind)
        for name in described(self.settings_type):
            if name not in but:
                draw_setting(layout, group, name)


class DecodePanel(KeptScenePanel):
    """Which splats are shown, and how large."""

    bl_label, kind, settings_type = "Look", "decode", settings.LookSettings

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: any splats have a look."""
        return is_splats(context.object)

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        TTTLRM_PT_decode_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        own = group_of(context.object)
        column(self).prop(own, "share")
        self.draw_settings(context, but=cleaning.SETTINGS)  # which the panel Clean Up has
        if own.crop:  # in older files; the region of Clean Up cuts now
            given(self.layout).prop(own, "crop")
        if len(context.selected_objects) > 1:
            given(self.layout).operator("tttlrm.copy_settings")


class DraftPanel(KeptScenePanel):
    """How a new draft is decoded."""

    bl_label, kind, settings_type = "New Draft", "decode", settings.DecodeSettings

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        self.draw_settings(context, but=(*described(settings.LookSettings), "seed"))
        layout = given(self.layout).column()
        layout.operator("tttlrm.decode", icon="FILE_REFRESH")
        if len(context.selected_objects) > 1:
            layout.operator("tttlrm.decode_selected")
        if len(decode_queue.queue):
            layout.label(text=shown("{} more to decode", len(decode_queue.queue)))


class AdvancedDraftPanel(KeptScenePanel):
    """What a new draft leaves to chance."""

    bl_label, kind = "Advanced", "decode"

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        column(self).prop(group_of(context.object).decode, "seed")


class RefinePanel(KeptScenePanel):
    """Settings for refinement."""

    bl_label, kind, settings_type = "Refine Settings", "refine", settings.RefineSettings

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this: the quality is grayed out while limits below it replace it."""
        draw_quality(column(self), group_of(context.object).refine)
        self.draw_settings(context, but=("quality",))


class MeshPanel(KeptScenePanel):
    """Settings for meshes that most people change."""

    bl_label, kind, settings_type = "Mesh Settings", "mesh", settings.MeshSettings

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout, group = column(self), group_of(context.object).mesh
        for name in COMMON:
            draw_setting(layout, group, name)


class AdvancedMeshPanel(KeptScenePanel):
    """All other settings for meshes."""

    bl_label, kind, settings_type = "Advanced", "mesh", settings.MeshSettings

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        self.draw_settings(context, but=COMMON + FOR_SCRIPTS)


class TTTLRM_PT_decode(Tab, DecodePanel, bpy.types.Panel):
    """The panel in the sidebar."""

    bl_order = Order.LOOK


class TTTLRM_PT_draft(Tab, DraftPanel, bpy.types.Panel):
    """The panel in the sidebar."""

    bl_parent_id = "TTTLRM_PT_splats"


class TTTLRM_PT_draft_advanced(Tab, AdvancedDraftPanel, bpy.types.Panel):
    """The panel in the sidebar."""

    bl_parent_id = "TTTLRM_PT_draft"


class TTTLRM_PT_refine(Tab, RefinePanel, bpy.types.Panel):
    """The panel in the sidebar."""

    bl_parent_id = "TTTLRM_PT_splats"


class TTTLRM_PT_mesh(Tab, MeshPanel, bpy.types.Panel):
    """The panel in the sidebar, with the button."""

    bl_label, bl_order, bl_options = "Mesh", Order.MESH, set()

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        given(self.layout).operator("tttlrm.mesh")
        MeshPanel.draw(self, context)


class TTTLRM_PT_mesh_advanced(Tab, AdvancedMeshPanel, bpy.types.Panel):
    """The panel in the sidebar."""

    bl_parent_id = "TTTLRM_PT_mesh"


class TTTLRM_PT_data(DataTab, bpy.types.Panel):
    """The parent of the panels in the Object Data properties."""

    bl_label = "tttLRM"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return is_kept(context.object)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        draw_trouble(given(self.layout), context)


class TTTLRM_PT_data_decode(DataTab, DecodePanel, bpy.types.Panel):
    """The panel in the Object Data properties."""

    bl_parent_id = "TTTLRM_PT_data"


class TTTLRM_PT_data_draft(DataTab, DraftPanel, bpy.types.Panel):
    """The panel in the Object Data properties."""

    bl_parent_id = "TTTLRM_PT_data"


class TTTLRM_PT_data_draft_advanced(DataTab, AdvancedDraftPanel, bpy.types.Panel):
    """The panel in the Object Data properties."""

    bl_parent_id = "TTTLRM_PT_data_draft"


class TTTLRM_PT_data_refine(DataTab, RefinePanel, bpy.types.Panel):
    """The panel in the Object Data properties."""

    bl_parent_id = "TTTLRM_PT_data"


class TTTLRM_PT_data_mesh(DataTab, MeshPanel, bpy.types.Panel):
    """The panel in the Object Data properties."""

    bl_parent_id = "TTTLRM_PT_data"


class TTTLRM_PT_data_mesh_advanced(DataTab, AdvancedMeshPanel, bpy.types.Panel):
    """The panel in the Object Data properties."""

    bl_parent_id = "TTTLRM_PT_data_mesh"


def draw_trouble(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw why the last job on the active object's scene failed, with a button that helps; nothing if it did not fail."""
    failure = failures.of(given(context.object))
    if failure is None:
        return
    box = layout.box().column(align=True)
    paragraph(box, context, failures.text(failure), "ERROR")
    if failure.code == errors.Code.NO_SCENE:
        box.operator("tttlrm.reconstruct_again")
    if failure.code == errors.Code.NO_WORKER and addon.ADDON:
        box.operator("preferences.addon_show", text="Show Preferences").module = addon.ADDON


CLASSES = (
    TTTLRM_PT_decode,
    TTTLRM_PT_draft,
    TTTLRM_PT_draft_advanced,
    TTTLRM_PT_refine,
    TTTLRM_PT_mesh,
    TTTLRM_PT_mesh_advanced,
    TTTLRM_PT_data,
    TTTLRM_PT_data_decode,
    TTTLRM_PT_data_draft,
    TTTLRM_PT_data_draft_advanced,
    TTTLRM_PT_data_refine,
    TTTLRM_PT_data_mesh,
    TTTLRM_PT_data_mesh_advanced,
)
