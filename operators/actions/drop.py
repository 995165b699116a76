# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos, a video or camera poses dropped into the 3D viewport."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty

from ..engine import errors, photo_files
from ..jobs import activity
from ..jobs.starting import start_operator
from ..mixins import Outcome
from ..narrowing import given, untyped
from ..paths import folder_property, resolved
from ..scene.editable import takes_objects
from ..sources import left_out
from ..translations import explained, shown
from .reconstruct import FILES, FOLDER

POSES = (".json",)
WIDTH = 400  # of the dialog, in pixels at interface scale 1


@dataclass(frozen=True)
class Dropped:
    """Dropped files of one folder, and how to reconstruct them."""

    folder: Path
    names: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The name of a single dropped picture, which becomes a reference image instead of a photo set; otherwise empty."""
        return self.names[0] if len(self.names) == 1 and self._of(photo_files.PHOTOS) else ""

    @property
    def others(self) -> int:
        """How many more photos the folder has than were dropped: Blender passes files, but no folders."""
        photos = self._of(photo_files.PHOTOS + photo_files.RAW)
        if not photos or self._of(POSES):
            return 0
        return len([path for path in photo_files.images_in(self.folder) if path.name not in photos])

    @property
    def sentence(self) -> str:
        """The question in the dialog."""
        if poses := self._of(POSES):
            return shown("Reconstruct the photos in {} with the camera poses in {}?", self.folder, poses[0])
        if photos := self._of(photo_files.PHOTOS + photo_files.RAW):
            return shown("Reconstruct {} photos from {}?", len(photos), self.folder)
        return shown("Reconstruct the video {}?", self.names[0])

    @property
    def unused(self) -> list[Path]:
        """Dropped files that are not used."""
        photos = self._of(photo_files.PHOTOS + photo_files.RAW)
        used = {*self._of(POSES)[:1], *photos} if self._of(POSES) else photos or self.names[:1]
        return [self.folder / name for name in self.names if name not in used]

    def arguments(self, whole: bool) -> dict[str, Any]:
        """The arguments for the operator Reconstruct, for the whole folder or what was dropped of it."""
        if whole and self.others:
            return {"directory": str(self.folder)}
        if poses := self._of(POSES):
            return {"directory": str(self.folder), "poses": poses[0]}
        return {
            "directory": str(self.folder),
            "files": [{"name": name} for name in self._of(photo_files.PHOTOS + photo_files.RAW) or self.names[:1]],
        }

    def _of(self, suffixes: tuple[str, ...]) -> list[str]:
        return [name for name in self.names if Path(name).suffix.lower() in suffixes]


class TTTLRM_OT_drop(bpy.types.Operator):
    """Reconstruct dropped photos, a dropped video, or the photos next to a dropped transforms.json, after confirmation"""

    bl_idname = "tttlrm.drop"
    bl_label = "Reconstruct Dropped Files"
    bl_options = {"INTERNAL"}

    directory: folder_property(**FOLDER)
    files: CollectionProperty(**FILES)
    whole: BoolProperty(
        name="All Photos of the Folder",
        description="Also reconstruct the photos beside those that were dropped, with the poses that are there",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("Another job is still running: wait for it to finish, or stop it in the panel")
        return activity.current is None and takes_objects(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this with the dropped files."""
        dropped = self._dropped()
        if dropped.reference and not in_sidebar(context):
            return self.add_reference(dropped.folder / dropped.reference)
        self.whole = bool(dropped.reference)
        words = shown("Reconstruct")
        return given(context.window_manager).invoke_props_dialog(self, width=WIDTH, title=words, confirm_text=words)

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this to draw the dialog."""
        layout, dropped = given(self.layout), self._dropped()
        layout.label(text=dropped.sentence)
        if dropped.others:
            layout.prop(self, "whole", text=shown("And {} other photos of the folder", dropped.others), translate=False)
        layout.label(text="All other settings come from the tttLRM tab of the sidebar.")

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this after confirmation. The job continues after this operator has finished."""
        try:
            dropped = self._dropped()
            if unused := left_out(() if self.whole else dropped.unused):
                self.report({"WARNING"}, unused)
            outcome = start_operator("reconstruct", **dropped.arguments(self.whole))
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        return {"CANCELLED"} if "CANCELLED" in outcome else {"FINISHED"}

    def add_reference(self, picture: Path) -> Outcome:
        """Add an empty that shows a picture, with Blender's own operator for that."""
        if not untyped(bpy.ops.object).empty_image_add.poll():
            self.report({"ERROR"}, "A reference image can only be added in Object Mode: switch to it first")
            return {"CANCELLED"}
        return untyped(bpy.ops.object).empty_image_add("INVOKE_DEFAULT", filepath=str(picture))

    def _dropped(self) -> Dropped:
        return Dropped(resolved(self.directory), tuple(file.name for file in self.files if file.name))


def in_sidebar(context: bpy.types.Context) -> bool:
    """Whether files were dropped onto the sidebar, where a picture is a photo of its folder and no reference image."""
    return context.region is not None and context.region.type == "UI"


class TTTLRM_FH_photos(bpy.types.FileHandler):
    """Accept dropped photos, videos and pose files in the 3D viewport."""

    bl_idname = "TTTLRM_FH_photos"
    bl_label = "Photos to Reconstruct"
    bl_import_operator = "tttlrm.drop"
    bl_file_extensions = ";".join(sorted((*photo_files.PHOTOS, *photo_files.RAW, *photo_files.VIDEOS, *POSES)))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return context.area is not None and context.area.type == "VIEW_3D"


CLASSES = (TTTLRM_OT_drop, TTTLRM_FH_photos)
