# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats from and to files; needs no worker."""

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..engine import errors, splat_files
from ..scene.splats import add_splats, is_splats, read_splats


class TTTLRM_OT_import_splats(ImportHelper, bpy.types.Operator):
    """Load Gaussian splats from PLY or SPZ files"""

    bl_idname = "tttlrm.import_splats"
    bl_label = "Import Splats"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filename_ext = ".ply"
    filter_glob: StringProperty(default="*.ply;*.spz", options={"HIDDEN"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Blender calls this; files that were dropped are named already."""
        return self.execute(context) if self.files else super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender calls this."""
        paths = [Path(self.directory, file.name) for file in self.files] or [Path(self.filepath)]
        try:
            loaded = [(path.stem, splat_files.read_splats(path)) for path in paths]
        except errors.TttlrmError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for name, splats in loaded:
            context.view_layer.objects.active = add_splats(name, splats)
        self.report({"INFO"}, f"{sum(len(splats) for _, splats in loaded):,} splats")
        return {"FINISHED"}


class TTTLRM_OT_export_splats(ExportHelper, bpy.types.Operator):
    """Save the active object's splats, with the object's transform applied, as a PLY or SPZ file"""

    bl_idname = "tttlrm.export_splats"
    bl_label = "Export Splats"

    filename_ext = ".ply"
    check_extension = None
    filter_glob: StringProperty(default="*.ply;*.spz", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("The active object holds no splats")
        return is_splats(context.object)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender calls this."""
        try:
            splat_files.write_splats(self.filepath, read_splats(context.object))
        except errors.TttlrmError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class TTTLRM_FH_splats(bpy.types.FileHandler):
    """Files that are dropped into the 3D view."""

    bl_idname = "TTTLRM_FH_splats"
    bl_label = "Gaussian Splats"
    bl_import_operator = "tttlrm.import_splats"
    bl_file_extensions = ".ply;.spz"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return context.area is not None and context.area.type == "VIEW_3D"


def _import_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(TTTLRM_OT_import_splats.bl_idname, text="Gaussian Splats (.ply, .spz)")


def _export_entry(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(TTTLRM_OT_export_splats.bl_idname, text="Gaussian Splats (.ply, .spz)")


def add_menu_entries() -> None:
    """Put the two into the File menu."""
    bpy.types.TOPBAR_MT_file_import.append(_import_entry)
    bpy.types.TOPBAR_MT_file_export.append(_export_entry)


def remove_menu_entries() -> None:
    """Take them back out."""
    bpy.types.TOPBAR_MT_file_export.remove(_export_entry)
    bpy.types.TOPBAR_MT_file_import.remove(_import_entry)
