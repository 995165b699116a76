# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences: where the worker runs."""

import bpy
from bpy.props import IntProperty, StringProperty

from ..addon import ADDON
from .setup_preferences import SetupPreferences


class TTTLRM_Preferences(SetupPreferences, bpy.types.AddonPreferences):
    """Where the worker runs."""

    bl_idname = ADDON or "tttlrm"

    python: StringProperty(
        name="Worker's Python",
        description="Python in which the engine's packages are installed, such as .venv/bin/python; empty for Blender's own",
        subtype="FILE_PATH",
    )
    host: StringProperty(name="Host", description="Machine of a worker that is running already", default="127.0.0.1")
    port: IntProperty(name="Port", description="Port of a worker that is running already", min=0, max=65535)
    token: StringProperty(
        name="Token",
        description="What a running worker printed when it started; empty to start one on this machine",
        subtype="PASSWORD",
    )
    fingerprint: StringProperty(
        name="Fingerprint",
        description="What a running worker printed of its certificate; needed for one on another machine",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this."""
        layout = self.layout
        layout.use_property_split = True
        self.draw_setup(layout)
        layout.separator()
        layout.prop(self, "python")
        layout.separator()
        layout.label(text="A worker that is running already, here or elsewhere:")
        for name in ("host", "port", "token", "fingerprint"):
            layout.prop(self, name)
