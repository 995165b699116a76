# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop the worker, and stop its job."""

import bpy

from ..engine import results
from ..jobs import activity, decode_queue, worker
from ..jobs.job_operator import JobOperator
from ..mixins import Outcome
from ..narrowing import given


class TTTLRM_OT_start_worker(JobOperator, bpy.types.Operator):
    """Start the worker, or connect to the one set in the preferences, ahead of the first job"""

    bl_idname = "tttlrm.start_worker"
    bl_label = "Start Worker"
    bl_options = set()  # nothing to undo

    def collect(self, context: bpy.types.Context) -> worker.Work:
        """Return work that only connects to the worker."""
        return worker.Work("", None)

    def finish(self, context: bpy.types.Context, result: results.Nothing) -> None:
        """Report that the worker is ready."""
        self.report({"INFO"}, "The worker is ready")


class TTTLRM_OT_stop_worker(bpy.types.Operator):
    """Disconnect from the worker. A worker that Blender started is stopped, unless another Blender uses it too"""

    bl_idname = "tttlrm.stop_worker"
    bl_label = "Stop Worker"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("No worker is connected: one is started when needed")
        return worker.link.connected

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        worker.link.close()
        return {"FINISHED"}


class TTTLRM_OT_cancel(bpy.types.Operator):
    """Stop the running job and all waiting jobs. A refinement keeps the splats so far; stop it again to discard them"""

    bl_idname = "tttlrm.cancel"
    bl_label = "Stop"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        cls.poll_message_set("No job is running")
        return activity.current is not None

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        decode_queue.queue.clear()
        given(activity.current).stop()
        activity.show()
        return {"FINISHED"}
