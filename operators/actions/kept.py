# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators share that work on a scene which the worker has kept."""

import bpy

from ..engine import errors, messages
from ..interface import properties
from ..scene.lookup import find
from ..scene.reconstruction import splats_of
from ..scene.splats import is_splats, update_splats
from ..worker import Work
from .job import JobOperator


class KeptSceneOperator(JobOperator):
    """Gives a job to the scene of the active splat object, with the object's own settings."""

    kind: str  # of the job, and name of its settings in the object's group
    settings_type: type

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: there must be splats that the worker knows."""
        obj = context.object
        if not is_splats(obj) or not obj.tttlrm.session:
            cls.poll_message_set("Select splats that were reconstructed here")
            return False
        return super().poll(context)

    def collect(self, context: bpy.types.Context) -> Work:
        """The object's settings with what the caller asks for instead."""
        self.replaces = context.object.session_uid
        own = context.object.tttlrm
        wanted = properties.overlaid(properties.plain(getattr(own, self.kind), self.settings_type), self)
        return Work(own.session, self.kind, wanted)

    def target(self) -> bpy.types.Object:
        """The splats that the job was started on. Raises `TttlrmError` when they are gone."""
        obj = find(self.replaces)
        if obj is None:
            raise errors.TttlrmError("The splats were deleted while the worker was busy with them.", code="no_splats")
        return obj


class SplatsOperator(KeptSceneOperator):
    """A job whose result takes the place of the object's splats."""

    def finish(self, context: bpy.types.Context, done: messages.Done) -> None:
        """New splats in the same object."""
        splats = splats_of(done.arrays)
        update_splats(self.target(), splats)
        self.report({"INFO"}, f"{len(splats):,} splats")
