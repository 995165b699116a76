# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators share that work on a scene which the worker has kept."""

from typing import Any

import bpy

from .. import properties
from ..engine import errors, kinds, messages
from ..mixins import Outcome
from ..narrowing import given, group_of
from ..scene.lookup import find
from ..scene.splats import is_kept, update_splats
from ..translations import told
from . import failures
from .job_operator import JobOperator
from .worker import Work


class KeptSceneOperator(JobOperator):
    """Gives a job to the scene of the active splat object, with the object's own settings."""

    kind: kinds.Kind  # of the job, called as its settings are in the object's group
    _session: str = ""  # the scene that the job is for

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: there must be splats that the worker knows."""
        if not is_kept(context.object):
            cls.poll_message_set("Select splats that were reconstructed here")
            return False
        return super().poll(context)

    def collect(self, context: bpy.types.Context) -> Work:
        """The object's settings with what the caller asks for instead."""
        self.replaces = given(context.object).session_uid
        own = group_of(context.object)
        wanted = properties.overlaid(properties.plain(getattr(own, self.kind.name), self.kind.settings), self)
        self._session = own.session
        return Work(own.session, self.kind, wanted)

    def _take(self, context: bpy.types.Context, message: messages.Event) -> Outcome | None:
        """What a job comes to is told in the panel too, as long as it stands in the way."""
        failures.note(self._session, message)
        return super()._take(context, message)

    def target(self) -> bpy.types.Object:
        """The splats that the job was started on. Raises `TttlrmError` when they are gone."""
        obj = find(self.replaces)
        if obj is None:
            raise errors.TttlrmError(
                "The splats were deleted while the worker was processing them.",
                hint="Undo the deletion and start again.",
                code=errors.Code.NO_SPLATS,
            )
        return obj


class SplatsOperator(KeptSceneOperator):
    """A job whose result takes the place of the object's splats."""

    def finish(self, context: bpy.types.Context, result: Any) -> None:
        """New splats in the same object."""
        self.report({"INFO"}, told("{:,} splats", replace_splats(self.target(), result)))


def replace_splats(obj: bpy.types.Object, result: Any) -> int:
    """Put the splats of a result, of any kind that has some, in the place of an object's own; gives their number."""
    update_splats(obj, result.gaussians)
    return len(result.gaussians)
