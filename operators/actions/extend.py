# SPDX-License-Identifier: GPL-3.0-or-later
"""Add photos to the scene of existing splats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty

from .. import properties
from ..engine import errors, kinds, photo_files, results, settings
from ..jobs.scene_operators import SplatsOperator, work_on
from ..jobs.worker import Work
from ..mixins import Outcome
from ..narrowing import given, group_of
from ..paths import folder_property, resolved
from ..scene.cameras import PHOTO, Pictures, add_cameras, camera_of, known_frames, pictures, transforms_json
from ..scene.reconstruction import cameras_collection, cameras_of
from ..sources import left_out, new_pictured, warning_about
from ..sources.photo_sets import GIVEN, added_photos, photos_folder, photos_in, pose_files
from ..sources.source import Files
from .reconstruct import FILES, FOLDER

POSES = f"{GIVEN}/blender.json"  # path of the poses of Blender's cameras in the scene's folder


class TTTLRM_OT_extend(SplatsOperator, bpy.types.Operator):
    """Add photos to the scene of the active splats: those of the other selected objects, or from files or a folder"""

    bl_idname = "tttlrm.extend"
    bl_label = "Add Photos"

    kind = kinds.EXTEND
    directory: Any  # Blender turns the annotations below into properties
    files: Any
    refine: Any
    __annotations__ = properties.annotations(settings.ExtendSettings) | {
        "directory": folder_property(
            name="Folder", description="Folder of the files; without files, a folder of photos", **FOLDER
        ),
        "files": CollectionProperty(**FILES),
        "filter_image": BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "filter_folder": BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "refine": BoolProperty(
            name="Refine", description="Optimize the new splats with the object's refine settings", default=True
        ),
    }

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: without selected photos, ask for files."""
        if self.directory or new_pictured(context):
            return self.execute(context)
        given(context.window_manager).fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this in the file browser."""
        given(self.layout).label(text="Photos, or a folder of photos")
        for name in ("poses", "views", "refine"):
            given(self.layout).prop(self, name)

    def collect(self, context: bpy.types.Context) -> Work:
        """Collect the photos, under names that are free in the scene, and the poses of all cameras if the new ones have poses."""
        splats = given(context.object)
        self.replaces, self._session, self._name = splats.session_uid, group_of(splats).session, splats.name
        taken = group_of(splats).files.split("\n")
        self._photos = added_photos(self._chosen(), taken) if self.directory else {}
        wanted = self._wanted(splats)
        files: Files = dict(self._photos)
        if not self.directory:
            shown = new_pictured(context)
            if warning := warning_about(shown):
                self.report({"WARNING"}, warning)
            found = pictures(shown, photos_folder(taken), taken, splats)
            wanted, files = _with_poses(wanted, found, splats)
        if not files:
            hint = "Select image empties or cameras with background images along with the splats, or choose files."
            raise errors.TttlrmError("There are no new photos.", hint=hint, code=errors.Code.NO_PHOTOS)
        self._photos = {name: source for name, source in files.items() if isinstance(source, Path)}
        return extending(splats, wanted, files)

    def finish(self, context: bpy.types.Context, result: results.ReconstructResult) -> None:
        """Replace the object's splats, and add the new cameras to the old ones."""
        super().finish(context, result)
        add_new_cameras(self.target(), result, self._photos)

    def _chosen(self) -> list[Path]:
        folder = resolved(self.directory)
        paths = [folder / file.name for file in self.files if file.name]
        photos = list(filter(photo_files.is_photo, paths))
        if unused := left_out([path for path in paths if path not in photos]):
            self.report({"WARNING"}, unused)
        return photos if paths else photos_in(folder)

    def _wanted(self, splats: bpy.types.Object) -> settings.ExtendSettings:
        own = group_of(splats)
        decode = properties.draft_settings(splats)
        refine = properties.plain(own.refine, settings.RefineSettings)
        if not self.refine:
            refine = refine.with_quality("draft")
        return replace(properties.plain(self, settings.ExtendSettings), decode=decode, refine=refine)


def extending(splats: bpy.types.Object, wanted: settings.ExtendSettings, files: Files) -> Work:
    """Return the work of adding photos to the scene of splats; `files` have names that are free there.

    Raises `TttlrmError` if the requested poses do not exist.
    """
    own = group_of(splats)
    poses, extra = pose_files(wanted.poses, files)
    own.files = "\n".join(dict.fromkeys([*own.files.split("\n"), *files]))  # the scene has them even if the job fails
    return work_on(splats, kinds.EXTEND, replace(wanted, poses=poses), {**files, **extra})


def add_new_cameras(splats: bpy.types.Object, result: results.ReconstructResult, photos: dict[str, Path]) -> None:
    """Add the cameras of a result that the splats do not have yet; `photos` are the new files by name."""
    old = cameras_of(splats)
    known = {camera_of(camera)[PHOTO] for camera in old}
    new = [view for view, name in enumerate(result.cameras.names) if name not in known]
    scene = group_of(splats).session
    for camera in add_cameras(result.cameras[new], photos, cameras_collection(splats), result.copies, scene):
        camera.parent = splats.parent
        if old:
            camera_of(camera).display_size = camera_of(old[0]).display_size


def _with_poses(
    wanted: settings.ExtendSettings, found: Pictures, splats: bpy.types.Object
) -> tuple[settings.ExtendSettings, dict[str, Path | bytes]]:
    """Return settings and files; if the new photos belong to cameras, with the poses of all cameras of the scene."""
    if not found.posed or wanted.poses != "auto":
        return wanted, found.files
    frames = known_frames(cameras_of(splats), splats) + found.frames
    return replace(wanted, poses=POSES), {**found.files, POSES: transforms_json(frames)}
