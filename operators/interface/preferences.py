# SPDX-License-Identifier: GPL-3.0-or-later
"""Which worker to use."""

from dataclasses import dataclass
from pathlib import Path

import bpy
from bpy.props import IntProperty, StringProperty

from ..addon import ADDON
from .setup import SetupPreferences

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Worker:
    """The worker that a person chose: one that is running already if there is a token, else one to be launched."""

    python: Path | None = None  # None for the Python that Blender runs on
    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    fingerprint: str = ""  # of the certificate of a worker with TLS
    log: Path | None = None  # file for what a launched worker has to say; None for one that goes with it
    scenes: Path | None = None  # where a launched worker keeps scenes; None for a folder that goes with it

    @property
    def launched(self) -> bool:
        """Whether Blender starts this worker itself."""
        return not self.token

    @property
    def elsewhere(self) -> bool:
        """Whether reaching this worker means leaving this machine."""
        return not self.launched and self.host not in LOOPBACK


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


def chosen_worker() -> Worker:
    """The worker that the preferences name; the defaults where the extension is not installed."""
    addon = bpy.context.preferences.addons.get(ADDON) if ADDON else None
    if addon is None:
        return Worker()
    chosen = addon.preferences
    python = Path(bpy.path.abspath(chosen.python)) if chosen.python else None
    own = Path(bpy.utils.extension_path_user(ADDON, create=True))
    return Worker(python, chosen.host, chosen.port, chosen.token, chosen.fingerprint, own / "worker.log", own / "scenes")
