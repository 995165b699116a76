# SPDX-License-Identifier: GPL-3.0-or-later
"""Export splats."""

from collections.abc import Iterable
from pathlib import Path

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ...engine import errors, gaussians, splat_files
from ...mixins import Outcome
from ...narrowing import given, untyped
from ...paths import file_property, resolved
from ...scene import conversion, masks
from ...scene.splats import is_splats, read_splats
from ...translations import explained, told, worded
from .axes import DEFAULT, axes_property
from .suffixes import Choice, settle

WORDS = {
    "PLY": "Keeps everything; the largest file",
    "COMPRESSED_PLY": "A quarter of the size, with slight rounding",
    "SPZ": "A tenth of the size, with more rounding",
    "SPLAT": "For web viewers; without view-dependent color",
    "GLB": "glTF with the extension KHR_gaussian_splatting. Keeps everything; y points up",
}
FORMATS = {kind.name.upper().replace(" ", "_"): kind for kind in splat_files.FORMATS}
ENDINGS = {key: kind.suffix for key, kind in FORMATS.items()}
ITEMS = [(key, f"{FORMATS[key].name} ({ENDINGS[key]})", words) for key, words in WORDS.items()]


class TTTLRM_OT_export_splats(ExportHelper, bpy.types.Operator):
    """Export splats as displayed, with the object's transform applied, to a PLY, compressed PLY, SPZ, .splat or GLB file"""

    bl_idname = "tttlrm.export_splats"
    bl_label = "Export Splats"

    filename_ext = ".ply"
    check_extension = None
    filepath: file_property(name="File Path", description="File to export to", maxlen=1024)
    filter_glob: StringProperty(default=";".join(f"*{suffix}" for suffix in splat_files.SUFFIXES), options={"HIDDEN"})
    file_format: EnumProperty(name="Format", items=ITEMS, description="File format, also set by the file extension")
    use_selection: BoolProperty(
        name="All Selected",
        description="Export the splats of all selected objects to one file, not only those of the active object",
    )
    _shown: Choice | None = None  # in the file browser, of which Blender asks while it opens
    up_axis: axes_property("Axis of the file that points up. Splat viewers expect y down; in GLB files y always points up")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Neither the active object nor a selected one has splats: select one that does")
        return is_splats(context.object) or any(map(is_splats, context.selected_objects))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this before the file browser opens."""
        result = super().invoke(context, event)
        self._shown = Choice(self.filepath, self.file_format)
        return result

    def check(self, context: bpy.types.Context) -> bool:
        """Blender calls this after changes in the file browser."""
        shown = Choice(self.filepath, self.file_format)
        self._shown = settle(shown, self._shown or shown, ENDINGS)
        untyped(self).filepath, self.file_format = self._shown
        return shown != self._shown

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        objects = self._objects(context)
        try:
            with splat_files.noted() as notes:
                count = export_splats(resolved(self.filepath), objects, self.up_axis)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        for note in notes:
            self.report({"WARNING"}, worded(note))
        if _is_mixed(objects) and not self.filepath.lower().endswith(ENDINGS["SPLAT"]):  # which marks none
            self.report(
                {"WARNING"}, told("Only some of the splats are anti-aliased, but a file can only mark all: all are marked")
            )
        self.report({"INFO"}, told("{:,} splats", count))
        return {"FINISHED"}

    def _objects(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        if is_splats(context.object) and not self.use_selection:
            return [given(context.object)]
        return [obj for obj in context.selected_objects if is_splats(obj)] or [given(context.object)]


def _is_mixed(objects: Iterable[bpy.types.Object]) -> bool:
    """Whether some of the splats that are exported are antialiased and others are not."""
    found = np.concatenate([masks.antialiased_of_visible(obj) for obj in objects])
    return bool(found.any() and not found.all())


def export_splats(path: str | Path, objects: Iterable[bpy.types.Object], up_axis: str = DEFAULT) -> int:
    """Write the splats of objects to a file in the format of its suffix; return their number.

    Raises `TttlrmError` if the file cannot be written, or if an object has no splats.
    """
    up = "Z" if str(path).lower().endswith(ENDINGS["GLB"]) else up_axis
    turn = np.linalg.inv(conversion.AXES[up])
    splats = gaussians.merge([read_splats(obj, turn) for obj in objects])
    splat_files.write_splats(path, splats, "z" if up == "Z" else "")
    return len(splats)
