# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the packages that the worker needs."""

import sys

import bpy
from bpy.props import StringProperty

from .. import addon
from ..engine import client, errors, setup
from ..jobs import worker
from ..jobs.job_operator import JobOperator
from ..mixins import Outcome
from ..narrowing import given, untyped
from ..paths import resolved
from ..translations import shown, told

DIALOG = 380  # width


class TTTLRM_OT_setup_worker(JobOperator, bpy.types.Operator):
    """Install PyTorch and the worker's other packages in a separate environment, or complete and repair an existing one"""

    bl_idname = "tttlrm.setup_worker"
    bl_label = "Install the Engine"
    bl_options = set()  # nothing to undo

    index: StringProperty(name="Index", description="Package index with PyTorch, instead of PyTorch's own")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: say what will be downloaded, and ask for leave to go online, before the first installation."""
        chosen = addon.preferences()
        known = chosen is not None and setup.Environment(setup.place(addon.folder())).state != "none"
        if chosen is None or chosen.wheels or (known and bpy.app.online_access):
            return self.execute(context)
        try:
            self._megabytes = setup.download_size(chosen.build)
        except errors.TttlrmError as error:
            return self._fail(error)
        dialog = untyped(context.window_manager).invoke_props_dialog
        return dialog(self, width=DIALOG, title=shown("Install the Engine"), confirm_text=shown("Install"))

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this in the dialog."""
        layout = given(self.layout)
        layout.label(text=shown("Downloads about {} MB from pypi.org and pytorch.org.", self._megabytes), translate=False)
        layout.label(text="They go into the folder of this extension; nothing else changes.")
        if bpy.app.online_access:
            return
        layout.separator()
        row = layout.row()
        row.enabled = not bpy.app.online_access_override
        row.prop(given(context.preferences).system, "use_online_access")
        if bpy.app.online_access_override:
            layout.label(text="Blender was started in offline mode.", icon="INFO")

    def submit(self, context: bpy.types.Context) -> client.Job:
        """Start the setup chosen in the preferences. A worker that Blender started is stopped, as it uses the packages."""
        chosen = addon.preferences()
        if chosen is None:
            hint = "Install its zip in Preferences → Get Extensions → Install from Disk."
            raise errors.TttlrmError("Only the installed extension sets up a worker.", hint=hint, code=errors.Code.NOT_INSTALLED)
        if not chosen.wheels and not bpy.app.online_access:
            raise errors.TttlrmError(
                "The engine has to be downloaded, but Blender's online access is off.",
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
        self.report({"INFO"}, told("The engine is installed: PyTorch {} on {}", result.torch, device))
