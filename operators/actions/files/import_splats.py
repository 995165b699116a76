# SPDX-License-Identifier: GPL-3.0-or-later
"""Import splats."""

from collections.abc import Iterable
from pathlib import Path

import bpy
from bpy.props import CollectionProperty, FloatProperty, StringProperty
from bpy_extras.io_utils import ImportHelper
from mathutils import Matrix

from ...engine import errors, splat_files
from ...mixins import Outcome
from ...paths import file_property, folder_property, resolved
from ...scene import conversion
from ...scene.editable import takes_objects
from ...scene.modes import make_active
from ...scene.splats import add_splats
from ...translations import explained, told, worded
from .axes import BY_ENGINE_NAME, axes_property


class TTTLRM_OT_import_splats(ImportHelper, bpy.types.Operator):
    """Load Gaussian splats from PLY (compressed or not), SPZ, .splat or GLB files"""

    bl_idname = "tttlrm.import_splats"
    bl_label = "Import Splats"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".ply"
    filter_glob: StringProperty(default=";".join(f"*{suffix}" for suffix in splat_files.SUFFIXES), options={"HIDDEN"})
    filepath: file_property(name="File Path", description="File to import", options={"HIDDEN", "SKIP_PRESET"})
    directory: folder_property(options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    up_axis: axes_property("Axis of the file that points up. The object is rotated; its splats stay unchanged", automatic=True)
    scale: FloatProperty(
        name="Scale", description="Scale of the imported objects", default=1, min=1e-6, soft_min=0.01, soft_max=100
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return takes_objects(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this; dropped files are already in `files`."""
        return self.execute(context) if self.files else super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        try:
            with splat_files.noted() as notes:
                count = import_splats(context, self._paths(), self.up_axis, self.scale)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        for note in notes:
            self.report({"WARNING"}, worded(note))
        self.report({"INFO"}, told("{:,} splats", count))
        return {"FINISHED"}

    def _paths(self) -> list[Path]:
        folder = resolved(self.directory)
        return [folder / file.name for file in self.files] or [resolved(self.filepath)]


def import_splats(context: bpy.types.Context, paths: Iterable[Path], up_axis: str = "AUTO", scale: float = 1.0) -> int:
    """Add the splats of files, an object for each, and select them, unless something is edited; return the number of splats.

    Raises `TttlrmError` if one cannot be read, and then adds none.
    """
    loaded = [(path.stem, splat_files.read_splats(path), _placed(path, up_axis, scale)) for path in paths]
    added = [add_splats(name, splats) for name, splats, _ in loaded]
    for obj, (_, _, matrix) in zip(added, loaded, strict=True):
        obj.matrix_world = matrix
    make_active(context, added)
    return sum(len(splats) for _, splats, _ in loaded)


def _placed(path: Path, up_axis: str, scale: float) -> Matrix:
    """Return the world matrix of the object for a file."""
    up = BY_ENGINE_NAME[splat_files.up_axis(path)] if up_axis == "AUTO" else up_axis
    return Matrix.Scale(scale, 4) @ Matrix(conversion.AXES[up].tolist())
