# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences of the extension: where the worker runs."""

import bpy
from bpy.props import IntProperty, StringProperty

from ..addon import ADDON
from ..paths import file_property
from .setup_preferences import SetupPreferences


class TTTLRM_Preferences(SetupPreferences, bpy.types.AddonPreferences):
    """Where the worker runs."""

    bl_idname = ADDON or "tttlrm"

    python: file_property(
        name="Worker's Python",
        description="Python in which the engine's packages are installed, such as .venv/bin/python; "
        "leave empty to use Blender's own",
    )
    host: StringProperty(name="Host", description="Host of a worker that is already running", default="127.0.0.1")
    port: IntProperty(name="Port", description="Port of a worker that is already running", min=0, max=65535)
    token: StringProperty(
        name="Token",
        description="Token that the running worker printed when it started; leave empty to start a worker on this machine",
        subtype="PASSWORD",
    )
    fingerprint: StringProperty(
        name="Fingerprint",
        description="Certificate fingerprint that the running worker printed; required for a worker on another machine",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = self.layout
        layout.use_property_split = True
        self.draw_setup(layout)
        layout.separator()
        layout.prop(self, "python")
        layout.separator()
        layout.label(text="Use a worker that is already running, on this or another machine:")
        for name in ("host", "port", "token", "fingerprint"):
            layout.prop(self, name)
