# SPDX-License-Identifier: GPL-3.0-or-later
"""Export cameras."""

from collections.abc import Iterable
from pathlib import Path

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ...engine import camera_writers, errors
from ...mixins import Outcome
from ...narrowing import given
from ...paths import file_property, resolved
from ...scene import conversion
from ...scene.views import views_of
from ...translations import explained, told
from .axes import DEFAULT, axes_property

NAMES = {"TRANSFORMS": "transforms.json", "COLMAP": "images.txt"}
ITEMS = [
    ("TRANSFORMS", "transforms.json", "Format of Nerfstudio and instant-ngp, with OpenGL camera axes"),
    ("COLMAP", "COLMAP Text", "cameras.txt, images.txt and an empty points3D.txt in one folder"),
]


class TTTLRM_OT_export_cameras(ExportHelper, bpy.types.Operator):
    """Export camera poses and lenses for other programs that reconstruct or render splats"""

    bl_idname = "tttlrm.export_cameras"
    bl_label = "Export Cameras"

    filename_ext = ".json"
    check_extension = None
    filepath: file_property(name="File Path", description="File to export to", maxlen=1024)
    filter_glob: StringProperty(default="*.json;*.txt", options={"HIDDEN"})
    file_format: EnumProperty(
        name="Format", items=ITEMS, description="File format, also set by the file extension: .json or .txt"
    )
    use_selection: BoolProperty(name="Selected Only", description="Export only the selected cameras, not all of the scene")
    up_axis: axes_property("Axis of the file that points up. Use the same as for the splats of these cameras")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("There is no camera in the scene: add one")
        return _has_cameras(given(context.scene))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this before the file browser opens."""
        self.filepath = str(Path(bpy.data.filepath).parent / NAMES[self.file_format])
        return super().invoke(context, event)

    def check(self, context: bpy.types.Context) -> bool:
        """Blender calls this after changes in the file browser."""
        path = Path(self.filepath)
        if path.suffix.lower() == Path(NAMES[self.file_format]).suffix:
            return False
        self.filepath = str(path.with_name(NAMES[self.file_format]))
        return True

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        objects = context.selected_objects if self.use_selection else given(context.scene).objects
        try:
            count = export_cameras(resolved(self.filepath), objects, given(context.scene), self.up_axis)
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        self.report({"INFO"}, told("{} cameras", count))
        return {"FINISHED"}


def export_cameras(path: Path, objects: Iterable[bpy.types.Object], scene: bpy.types.Scene, up_axis: str = DEFAULT) -> int:
    """Write the cameras among objects of a scene to a file in the format of its suffix; return their number.

    COLMAP gets the cameras of photos as stored, a transforms.json those of photos as they are used, and says which these are.
    Raises `TttlrmError` if there are none, or if they cannot be written.
    """
    if not _has_cameras(scene):
        raise errors.TttlrmError("There is no camera in the scene.", hint="Add a camera.", code=errors.Code.NO_CAMERAS)
    views = views_of(objects, scene, np.linalg.inv(conversion.AXES[up_axis]))
    if path.suffix.lower() == ".txt":
        camera_writers.write_colmap(path.parent, views.names, views.as_stored)
    else:
        upright = [None if turn is None else turn != 1 for turn in views.turns]
        camera_writers.write_transforms(path, views.names, views.used, upright)
    return len(views.names)


def _has_cameras(scene: bpy.types.Scene) -> bool:
    return any(obj.type == "CAMERA" for obj in scene.objects)
