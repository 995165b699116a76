# SPDX-License-Identifier: GPL-3.0-or-later
"""Export meshes as OBJ with their images: Blender's own exporter names packed images, but does not write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper

from ...engine import errors, files, photo_files
from ...mixins import Outcome
from ...narrowing import untyped
from ...paths import file_property, resolved
from ...translations import explained, told

# Of files, by Blender's name of their format.
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "TARGA": ".tga", "BMP": ".bmp", "WEBP": ".webp", "OPEN_EXR": ".exr"}


class TTTLRM_OT_export_obj(ExportHelper, bpy.types.Operator):
    """Export the selected meshes to an OBJ file, with their images beside it"""

    bl_idname = "tttlrm.export_obj"
    bl_label = "Export OBJ with Images"

    filename_ext = ".obj"
    filepath: file_property(name="File Path", description="File to export to", maxlen=1024)
    filter_glob: StringProperty(default="*.obj", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Select a mesh")
        return any(obj.type == "MESH" for obj in context.selected_objects)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        meshes = [obj for obj in context.selected_objects if obj.type == "MESH"]
        try:
            export_obj(resolved(self.filepath), meshes)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        self.report({"INFO"}, told("{:,} meshes", len(meshes)))
        return {"FINISHED"}


def export_obj(path: Path, meshes: Iterable[bpy.types.Object]) -> None:
    """Write the selected meshes, with y up, and their images into the folder of the file. Raises `TttlrmError`."""
    files.require_file(path)
    with _beside(path, _packed(meshes)):
        untyped(bpy.ops).wm.obj_export(filepath=str(path), export_selected_objects=True, path_mode="COPY")


def _packed(meshes: Iterable[bpy.types.Object]) -> list[Any]:
    """The packed images in the materials of meshes."""
    trees = [slot.material.node_tree for obj in meshes for slot in obj.material_slots if slot.material]
    shown = [untyped(node).image for tree in trees if tree for node in tree.nodes if node.type == "TEX_IMAGE"]
    return list(dict.fromkeys(image for image in shown if image and image.packed_files))


@contextmanager
def _beside(path: Path, images: Iterable[Any]) -> Iterator[None]:
    """Write images beside a file, and let them have the paths of these files within the block."""
    before = {image: image.filepath_raw for image in images}
    try:
        for image in before:
            image.filepath_raw = str(_written(path.parent, image))
        yield
    finally:
        for image, own in before.items():
            image.filepath_raw = own


def _written(folder: Path, image: Any) -> Path:
    """The file of an image, with “<UDIM>” for the number where it has tiles."""
    suffix = SUFFIXES.get(image.file_format) or Path(image.filepath_raw).suffix
    stem = photo_files.plain(image.name).removesuffix(suffix)
    tiled = image.source == "TILED"
    for part in image.packed_files:
        with files.replacing(folder / f"{stem}{f'.{part.tile_number}' if tiled else ''}{suffix}") as file:
            file.write_bytes(part.packed_file.data)
    return folder / f"{stem}{'.<UDIM>' if tiled else ''}{suffix}"
