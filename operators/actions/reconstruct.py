# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct splats, cameras and optionally a mesh from photos."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import bpy
import numpy as np
from bpy.props import BoolProperty, CollectionProperty, StringProperty

from .. import properties, sources
from ..engine import errors, kinds, messages, results, settings
from ..jobs import worker
from ..jobs.job_operator import JobOperator
from ..jobs.worker import Work
from ..mixins import Outcome
from ..narrowing import given, group_of
from ..paths import folder_property, resolved
from ..scene import arrival, drawing, figures, flight, startup, versions
from ..scene.editable import takes_objects
from ..scene.modes import make_active
from ..scene.reconstruction import build_scene
from ..scene.splats import is_splats
from ..sources.photo_sets import pose_files, stands_upright
from ..translations import told, worded

FILES = {"type": bpy.types.OperatorFileListElement, "options": {"HIDDEN", "SKIP_SAVE"}}
FOLDER = {"options": {"SKIP_SAVE"}}  # SKIP_SAVE: do not reuse the folder of the last call


def set_work(photos: Path, wanted: settings.ReconstructSettings) -> Work:
    """Return the work of reconstructing a folder of photos or a video. Raises `TttlrmError` if `photos` is neither."""
    source = sources.chosen(photos.parent, [photos.name]) if photos.is_file() else sources.chosen(photos, [])
    return _work(source.files(), wanted)


def _work(files: dict[str, Path | bytes], wanted: settings.ReconstructSettings) -> Work:
    poses, extra = pose_files(wanted.poses, files)
    return Work(uuid4().hex, kinds.RECONSTRUCT, replace(wanted, poses=poses), {**files, **extra})


def place(name: str, work: Work, result: results.ReconstructResult) -> bpy.types.Object:
    """Add a reconstruction to the scene; return the splats, which store their scene on the worker and their settings."""
    photos = {name: source for name, source in work.files.items() if isinstance(source, Path)}
    collection = build_scene(name, result, photos, not stands_upright(work.settings, work.files), work.session)
    splats = next(obj for obj in collection.objects if is_splats(obj))
    properties.remember(splats, work.session, work.settings)
    versions.remember(splats, result.refinement)
    figures.store(splats, result.photos, len(result.gaussians))
    group_of(splats).files = "\n".join(work.files)
    return splats


def _lacking_in_panel(context: bpy.types.Context) -> errors.Text:
    return errors.text("Install the engine first.") if worker.lacks_engine() else sources.missing(context)


class TTTLRM_OT_reconstruct(JobOperator, bpy.types.Operator):
    """Reconstruct Gaussian splats from the photos chosen in the panel, from a folder or from files"""

    bl_idname = "tttlrm.reconstruct"
    bl_label = "Reconstruct"

    directory: Any  # Blender turns the annotations below into properties
    files: Any
    with_mesh: Any
    quality: Any
    again: Any
    _cameras: results.CameraTable | None = None  # that were shown last, before there were splats
    __annotations__ = properties.annotations(settings.ReconstructSettings) | {
        "directory": folder_property(
            name="Folder", description="Folder of photos; leave empty to use the source chosen in the panel", **FOLDER
        ),
        "files": CollectionProperty(**FILES),
        "name": StringProperty(name="Name", description="Name of the new collection; leave empty to name it after the photos"),
        "quality": properties.setting_property(settings.RefineSettings, "quality"),
        "refine_steps": properties.setting_property(settings.RefineSettings, "steps", name="Refine Steps"),
        "refine_passes": properties.setting_property(settings.RefineSettings, "passes", name="Refine Passes"),
        "refine_seconds": properties.setting_property(settings.RefineSettings, "seconds", name="Refine Seconds"),
        "with_mesh": BoolProperty(name="Mesh", description="Also make a mesh"),
        "again": BoolProperty(
            name="Again",
            description="Use the photos of the active splats instead of the source chosen in the panel",
            options={"HIDDEN", "SKIP_SAVE"},
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this. The panel's button needs the engine, and a complete source in the panel."""
        lacking = _lacking_in_panel(context) if getattr(context, "tttlrm_source", None) else errors.Text()
        if lacking:
            cls.poll_message_set(worded(lacking).rstrip("."))
        return not lacking and takes_objects(cls, context) and super().poll(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: if there are no photos, ask for a folder or files."""
        if self.directory or not self._lacking(context, self._chosen(context)):
            return self.execute(context)
        given(context.window_manager).fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this in the file browser."""
        given(self.layout).label(text="Uses the settings of the panel")

    def collect(self, context: bpy.types.Context) -> Work:
        """Collect the photos and the scene's settings, overridden by those of the caller."""
        source = self._source(context)
        if source.warning:
            self.report({"WARNING"}, source.warning)
        self._title = self.name or source.title
        self._work = _work(source.files(), self._wanted(context))
        if not self.directory and not self.again:
            group_of(context.scene).source.photos_listed = False
        self.upright = not stands_upright(self._work.settings, self._work.files)
        self._views = flight.views_now(given(context.scene))
        return self._work

    def _take(self, context: bpy.types.Context, message: messages.Event) -> Outcome | None:
        """Prepare node groups for the result while the worker is busy, and go to see the first splats."""
        if isinstance(message, messages.Progress):
            drawing.prepare()
        if isinstance(message, messages.Preview) and (scene := self._started_in()):
            startup.remove_leftover(scene)  # before previews are put into it
        outcome = super()._take(context, message)
        if isinstance(message, messages.Preview):
            self._go_and_see(context, message)
        return outcome

    def _go_and_see(self, context: bpy.types.Context, preview: messages.Preview) -> None:
        """Let views fly to the most central photo as soon as there are splats."""
        table, self._cameras = self._cameras, preview.cameras
        scene = self._started_in()
        if table is None or preview.cameras or scene is None or context.mode != "OBJECT" or not startup.takes_camera(scene):
            return
        world, around = given(self._preview).world_of(table), np.median(preview.gaussians.means, axis=0)
        flight.fly_to_photo(self._views, table, arrival.most_central(table.c2w), world, around)

    def finish(self, context: bpy.types.Context, result: results.ReconstructResult) -> None:
        """Add a new collection and make its splats active."""
        splats = place(self._title, self._work, result)
        make_active(context, [splats])
        hidden = startup.hide_cube(given(context.scene), splats)
        camera = arrival.present(context, splats, result.cameras)
        if camera and context.mode == "OBJECT":
            flight.fly_to_camera(self._views, camera)
        made = (
            "{:,} splats from {} photos; the cube of Blender's startup file is hidden" if hidden else "{:,} splats from {} photos"
        )
        self.report({"INFO"}, told(made, len(result.gaussians), result.views))

    def _source(self, context: bpy.types.Context) -> sources.Source:
        if self.directory:
            names = [file.name for file in self.files if file.name]
            return sources.chosen(resolved(self.directory), names)
        source = self._chosen(context)
        if lacking := self._lacking(context, source):
            raise errors.TttlrmError(lacking, code=errors.Code.NO_PHOTOS)
        return source

    def _chosen(self, context: bpy.types.Context) -> sources.Source:
        return sources.source_of_splats(given(context.object)) if self.again else sources.source_of(context)

    def _lacking(self, context: bpy.types.Context, source: sources.Source) -> errors.Text:
        return source.missing if self.again else sources.missing(context, source)

    def _wanted(self, context: bpy.types.Context) -> settings.ReconstructSettings:
        panel = properties.reconstruct_settings(given(context.scene))
        if self.again:  # the panel's poses belong to its own photos
            panel = replace(panel, poses="auto")
        wanted = properties.overlaid(panel, self)
        if self.properties.is_property_set("with_mesh"):
            wanted = replace(wanted, mesh=(wanted.mesh or settings.MeshSettings()) if self.with_mesh else None)
        if self.properties.is_property_set("quality"):
            wanted = replace(wanted, refine=wanted.refine.with_quality(self.quality))
        budget = {name: getattr(self, f"refine_{name}") for name in ("steps", "passes", "seconds")}
        if any(budget.values()):
            wanted = replace(wanted, refine=replace(wanted.refine, **budget))
        return wanted
