# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the preferences that sets up the worker."""

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_n
from bpy.props import EnumProperty

from .. import addon
from ..engine import setup
from ..jobs import activity
from ..mixins import AddonPreferences
from ..paths import folder_property
from ..translations import shown

SHOWN = 4  # lines of the log
BUILDS = (
    ("auto", "Automatic", "Choose the build for this machine's graphics card"),
    ("cpu", "CPU", "For machines without a graphics card that PyTorch supports; on a Mac, the build with Metal"),
    ("cuda", "CUDA", "For NVIDIA cards"),
    ("rocm", "ROCm", "For AMD cards, on Linux"),
)
# For each state of the environment: its description, and the label of the button.
STATES = {
    "none": (pgettext_n("The engine is not installed"), pgettext_n("Install the Engine")),
    "unfinished": (pgettext_n("The installation was not finished"), pgettext_n("Continue")),
    "damaged": (pgettext_n("The record of the installation is damaged"), pgettext_n("Install Again")),
    "outdated": (pgettext_n("The engine was installed for another version of tttLRM"), pgettext_n("Update")),
    "ready": (pgettext_n("The engine is installed"), pgettext_n("Repair")),
}


class SetupPreferences(AddonPreferences):
    """The state of the worker's environment, and choices and progress of its setup."""

    build: EnumProperty(name="PyTorch", description="Build to install", items=BUILDS)
    wheels: folder_property(
        name="Wheels Folder",
        description="Folder with all packages, created by `make wheelhouse`, for installation without a network; "
        "leave empty to download them",
    )

    def draw_setup(self, layout: bpy.types.UILayout) -> None:
        """Draw the state, the buttons and the choices, or the progress while a setup runs."""
        if activity.current and isinstance(activity.current.run, setup.Setup):
            layout.progress(factor=activity.current.fraction, text=activity.current.text)
            layout.operator("tttlrm.cancel", icon="CANCEL")
            _draw_lines(layout, list(activity.current.run.lines))
            return
        environment = setup.Environment(setup.place(addon.folder()))
        sentence, button = STATES[environment.state]
        known = f"{shown(sentence)} (PyTorch {environment.torch})" if environment.torch else shown(sentence)
        layout.label(text=used_instead(environment) or known, translate=False)
        buttons = layout.row(align=True)
        buttons.operator("tttlrm.setup_worker", text=button, icon="IMPORT")
        buttons.operator("tttlrm.check_worker", icon="CHECKMARK")
        layout.prop(self, "build")
        layout.prop(self, "wheels")
        log = addon.folder() / "setup.log"
        if log.exists():
            layout.operator("wm.path_open", text="Show Log").filepath = str(log)
            if environment.state != "ready":
                _draw_lines(layout, log.read_text("utf-8", "replace").splitlines())


def used_instead(environment: setup.Environment) -> str:
    """What is used instead of the environment; empty if nothing is."""
    chosen = addon.preferences()
    if chosen is not None and chosen.token:
        return shown("A worker that is already running is used: {}, port {}", chosen.host, chosen.port)
    if chosen is None or not chosen.python or Path(bpy.path.abspath(chosen.python)) == environment.python:
        return ""
    there = Path(bpy.path.abspath(chosen.python)).exists()
    return shown("Another Python is used: {}" if there else "Another Python is chosen, but it is missing: {}", chosen.python)


def _draw_lines(layout: bpy.types.UILayout, lines: list[str]) -> None:
    """Draw the last lines of the log."""
    column = layout.box().column(align=True)
    for line in lines[-SHOWN:]:
        column.label(text=line, translate=False)
