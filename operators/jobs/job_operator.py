# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of operators that submit a job to the worker."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import bpy

from ..engine import client, errors, messages
from ..mixins import Operator, Outcome
from ..narrowing import given
from ..scene.preview import Preview
from ..translations import contexts, explained, shown, worded
from . import activity, following, starting, worker

WAKE = 0.01  # seconds until an operator is called that has been woken


class JobOperator(Operator):
    """An operator that collects work, submits it to the worker and uses the result.

    With a window it does not block: while the job runs, the operator sleeps, without a handler for events, and a timer calls
    `step`. In the background it returns when the job has ended. Subclasses implement `collect`, which may raise `TttlrmError`,
    and `finish`.
    """

    bl_options = {"UNDO"}
    replaces: int = 0  # `session_uid` of the object that previews replace, if any
    upright: bool = False  # whether previews are set upright
    _preview: Preview | None = None
    _timer: bpy.types.Timer | None = None  # that wakes the operator
    _last: messages.Event | None = None  # with which the job has ended
    _scene: int = 0  # `session_uid` of the scene in which the job was started

    def collect(self, context: bpy.types.Context) -> worker.Work:
        """Return the work, from the scene and the operator's properties."""
        raise NotImplementedError

    def finish(self, context: bpy.types.Context, result: Any) -> None:
        """Put the result, of the job's result type, into the scene."""
        raise NotImplementedError

    def submit(self, context: bpy.types.Context) -> client.Job:
        """Start the job."""
        return worker.start(self.collect(context))

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: only one job runs at a time."""
        if activity.current:
            title = shown(activity.current.title, context=contexts.operator_default)
            cls.poll_message_set(shown("{} is still running: wait for it to finish, or stop it in the panel", title))
        return activity.current is None

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        self._scene = given(context.scene).session_uid
        try:
            activity.begin(self.bl_label, self.submit(context))
        except errors.TttlrmError as error:
            return self._fail(error)
        if bpy.app.background:
            return self._wait(context)
        following.follow(self)
        return {"RUNNING_MODAL"}

    def step(self) -> bool:
        """Take what the worker has told since the last call; return whether the job goes on."""
        for message in given(activity.current).run.poll():
            if isinstance(message, messages.END):
                self._last = message
                self.wake()
                return False
            self._take(bpy.context, message)
        if self._preview:
            self._preview.follow()
        activity.show()
        return True

    def abandon(self) -> None:
        """Cancel the job, and forget it."""
        given(activity.current).run.cancel()
        self._end()

    def wake(self) -> None:
        """Let Blender call `modal`, once and soon, or free the operator with all others that have handlers."""
        windows = given(bpy.context.window_manager)
        self._timer = windows.event_timer_add(WAKE, window=bpy.context.window)
        windows.modal_handler_add(self)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this with the events after the end of the job; so reports are shown, and there is a step to undo."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            return self._take(context, self._last) or {"CANCELLED"} if self._last else {"CANCELLED"}
        finally:  # also after a bug: without this, the job would be said to run for ever
            self._leave(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender calls this when the file, or the file browser for photos is closed."""
        if self._timer is not None:
            self._leave(context)

    def _wait(self, context: bpy.types.Context) -> Outcome:
        try:
            outcomes = (self._take(context, message) for message in given(activity.current).run.events())
            return next(outcome for outcome in outcomes if outcome)
        finally:
            self._end()

    def _take(self, context: bpy.types.Context, message: messages.Event) -> Outcome | None:
        """Handle one event; return the operator's result once the job has ended."""
        given(activity.current).take(message)
        if isinstance(message, messages.Preview):
            self._preview = self._preview or Preview(self.replaces, self.upright)
            self._preview.offer(message.gaussians, message.cameras)
        if isinstance(message, messages.Note):
            self.report({"WARNING"}, worded(message.text))
        if isinstance(message, messages.Failed):
            failed = self._fail(message.error())
            return {"FINISHED"} if self._keep_preview() else failed  # something to undo
        if isinstance(message, messages.Done):
            return self._accept(context, message)
        if isinstance(message, messages.Cancelled) and not given(activity.current).discarding and self._keep_preview():
            self.report({"INFO"}, "Stopped; the splats shown so far are kept")
            return {"FINISHED"}  # something to undo
        return {"CANCELLED"} if isinstance(message, messages.END) else None

    def _accept(self, context: bpy.types.Context, done: messages.Done) -> Outcome:
        self._remove_preview()
        try:
            with self._where_started(context):
                result = given(activity.current).run.taken(done)
                worker.link.drawing = getattr(result, "drawing", None) or worker.link.drawing
                self.finish(context, result)
        except errors.TttlrmError as error:
            return self._fail(error)
        return {"FINISHED"}

    def _where_started(self, context: bpy.types.Context) -> AbstractContextManager[Any]:
        """Return a context of the scene in which the job was started, as another may be shown by now."""
        scene = self._started_in()
        if scene is None or scene == context.scene:
            return nullcontext()
        return context.temp_override(scene=scene, view_layer=scene.view_layers[0])

    def _started_in(self) -> bpy.types.Scene | None:
        return next((scene for scene in bpy.data.scenes if scene.session_uid == self._scene), None)

    def _fail(self, error: errors.TttlrmError) -> Outcome:
        starting.failure = error
        self.report({"ERROR"}, explained(error))
        return {"CANCELLED"}

    def _leave(self, context: bpy.types.Context) -> None:
        given(context.window_manager).event_timer_remove(given(self._timer))
        self._timer = None
        self._end()

    def _end(self) -> None:
        self._remove_preview()
        activity.end()

    def _keep_preview(self) -> bool:
        """Leave the splats shown so far in the scene, if there are some that stand for no object."""
        return self._preview is not None and self._preview.keep()

    def _remove_preview(self) -> None:
        if self._preview:
            self._preview.remove()
