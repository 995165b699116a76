# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the packages that the worker needs."""

import sys

import bpy
from bpy.props import StringProperty

from .. import addon
from ..engine import client, errors, setup
from ..jobs import worker
from ..jobs.job_operator import JobOperator
from ..narrowing import given
from ..paths import resolved
from ..translations import told


class TTTLRM_OT_setup_worker(JobOperator, bpy.types.Operator):
    """Install PyTorch and the worker's other packages in a separate environment, or complete and repair an existing one"""

    bl_idname = "tttlrm.setup_worker"
    bl_label = "Set Up Worker"
    bl_options = set()  # nothing to undo

    index: StringProperty(name="Index", description="Package index with PyTorch, instead of PyTorch's own")

    def submit(self, context: bpy.types.Context) -> client.Job:
        """Start the setup chosen in the preferences. A worker that Blender started is stopped, as it uses the packages."""
        chosen = addon.preferences()
        if chosen is None:
            hint = "Install its zip in Preferences → Get Extensions → Install from Disk."
            raise errors.TttlrmError("Only the installed extension sets up a worker.", hint=hint, code=errors.Code.NOT_INSTALLED)
        if not chosen.wheels and not bpy.app.online_access:
            raise errors.TttlrmError(
                "The worker's packages have to be downloaded, but Blender's online access is off.",
                hint="Allow online access in Preferences → System → Network, or choose a folder of wheels.",
                code=errors.Code.OFFLINE,
            )
        worker.link.close()
        wheels = resolved(chosen.wheels) if chosen.wheels else None
        folder = addon.folder()
        log = folder / "setup.log"
        return setup.Setup(setup.Wanted(setup.place(folder), log, sys.executable, chosen.build, self.index, wheels))

    def finish(self, context: bpy.types.Context, result: setup.SetupResult) -> None:
        """Set the new Python in the preferences."""
        given(addon.preferences()).python = result.python
        given(context.preferences).is_dirty = True
        device = told("a GPU") if result.device == "GPU" else told("the CPU")
        self.report({"INFO"}, told("The worker is set up: PyTorch {} on {}", result.torch, device))
