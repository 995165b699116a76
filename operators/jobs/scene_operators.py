# SPDX-License-Identifier: GPL-3.0-or-later
"""Base classes of operators on scenes that the worker keeps."""

from typing import Any

import bpy

from .. import properties
from ..engine import client, errors, kinds, messages, results, start
from ..mixins import Outcome
from ..narrowing import given, group_of
from ..scene import figures, meanwhile, versions
from ..scene.lookup import find, still_there
from ..scene.modes import leave_mode
from ..scene.reconstruction import cameras_of
from ..scene.splats import add_splats, is_decodable, is_kept
from ..translations import told
from . import failures
from .job_operator import JobOperator
from .worker import Files, Work


class KeptSceneOperator(JobOperator):
    """An operator that runs a job on the scene of the active splats, with the settings of the object."""

    kind: kinds.Kind  # of the job; its name is that of its settings in the object's group
    _session: str = ""  # the scene of the job
    _name: str = ""  # of the object

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: the active object must be splats with a scene on a worker."""
        if not is_kept(context.object):
            cls.poll_message_set("Select splats that were reconstructed here")
            return False
        return super().poll(context)

    def submit(self, context: bpy.types.Context) -> client.Job:
        """Start the job, on splats in Object Mode: previews hide them, and some results replace them."""
        leave_mode(given(context.object))
        return super().submit(context)

    def collect(self, context: bpy.types.Context) -> Work:
        """Return the work, with the object's settings overridden by those of the caller."""
        self.replaces = given(context.object).session_uid
        self._session, self._name = group_of(context.object).session, given(context.object).name
        return work_on(given(context.object), self.kind, properties.overlaid(self.own_settings(given(context.object)), self))

    def own_settings(self, splats: bpy.types.Object) -> Any:
        """Return the object's settings for the job."""
        return properties.plain(getattr(group_of(splats), self.kind.name), self.kind.settings)

    def _take(self, context: bpy.types.Context, message: messages.Event) -> Outcome | None:
        """Handle one event, and record failures for the panel."""
        failures.note(self._session, message)
        return super()._take(context, message)

    def target(self) -> bpy.types.Object:
        """Return the splats that the job was started on. Raises `TttlrmError` if they were deleted."""
        return still_there(self.replaces, errors.Code.NO_SPLATS)


class SplatsOperator(KeptSceneOperator):
    """An operator whose result replaces the object's splats."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: what replaces linked splats would be gone after saving."""
        if is_kept(context.object) and not is_decodable(context.object):
            cls.poll_message_set("The splats are linked from another file: make them local")
            return False
        return super().poll(context)

    def finish(self, context: bpy.types.Context, result: Any) -> None:
        """Replace the object's splats. If it is gone, what took time to make becomes an object of its own."""
        if find(self.replaces) is None and getattr(result, "refinement", None):
            self.replaces = _alone(self._name, self._session, result).session_uid
            self.report({"WARNING"}, "The splats were deleted or joined meanwhile: the result is an object of its own")
        count, hidden = replace_splats(self.target(), result)
        if hidden:
            self.report({"WARNING"}, told("{:,} splats; {:,} are hidden, as those there were removed meanwhile", count, hidden))
        else:
            self.report({"INFO"}, told("{:,} splats", count))


def work_on(splats: bpy.types.Object, kind: kinds.Kind, wanted: Any, files: Files | None = None) -> Work:
    """Return work on the scene of splats, from them unless it makes new ones. Raises `TttlrmError` if it has none."""
    return Work(group_of(splats).session, kind, wanted, files or {}, _start(splats, kind))


def _start(splats: bpy.types.Object, kind: kinds.Kind) -> start.Start | None:
    if kind is kinds.DECODE:
        meanwhile.hand_over(splats, everything=True)
        return None
    return versions.start_of(splats, as_shown=True) if kind is kinds.MESH else versions.hand_over(splats)


def replace_splats(obj: bpy.types.Object, result: Any) -> tuple[int, int]:
    """Replace an object's splats by those of a result; return their number, and how many of them arrive hidden."""
    anew = isinstance(result, results.DecodeResult)
    hidden = versions.take_result(obj, result.gaussians, None if anew else result.refinement, anew)
    figures.store(obj, None if anew else result.photos, len(result.gaussians))
    return len(result.gaussians), hidden


def _alone(name: str, session: str, result: Any) -> bpy.types.Object:
    """Return a new object for a result, among the cameras of its scene."""
    splats = add_splats(name, result.gaussians)
    group_of(splats).session = session
    carriers = [camera.parent for camera in cameras_of(splats) if camera.parent]
    splats.parent = carriers[0] if carriers else None
    return splats
