# SPDX-License-Identifier: GPL-3.0-or-later
"""What journeys through the extension have in common: a person who presses its buttons and looks at the window."""

from __future__ import annotations

from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import bpy

from tools.inside.driver import Journey, drawn, in_view, install, take_picture

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

MODULE = "bl_ext.user_default.tttlrm"
REFINING = "refine"  # stage of a job
PREVIEW = "tttLRM preview"  # object that shows what there is already
LOOK = 3.0  # seconds between pictures of a job
blender: Any = bpy.ops
ops = blender.tttlrm


class Person:
    """Somebody with the extension, a worker and photos."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.extension, self.worker = wanted["extension"], wanted["worker"]
        self.photos, self.out = Path(wanted["photos"]), Path(wanted["out"])

    def install(self) -> None:
        """Install the extension."""
        install(self.extension)

    def reach_worker(self) -> None:
        """Tell the extension where the worker is."""
        preferences = context.preferences.addons[MODULE].preferences
        for name, value in self.worker.items():
            setattr(preferences, name, value)

    def open_scene(self) -> None:
        """File > New > tttLRM."""
        template = import_module(f"{MODULE}.operators.interface.menus").TEMPLATE
        bpy.ops.wm.read_homefile(filepath=str(template))

    def choose_photos(self) -> None:
        """Choose the folder of photos."""
        with in_view():
            ops.choose_folder("EXEC_DEFAULT", directory=str(self.photos))

    def press_reconstruct(self) -> None:
        """Press the large button."""
        with in_view():
            ops.reconstruct("INVOKE_DEFAULT")

    @property
    def splats(self) -> Any:
        """The splat object."""
        return next(obj for obj in context.scene.objects if obj.type == "POINTCLOUD" and obj.tttlrm.session)

    @property
    def job(self) -> Any:
        """The job that is running, if there is one."""
        return import_module(f"{MODULE}.operators.jobs.activity").current

    def busy(self) -> bool:
        """Whether a job is running."""
        return self.job is not None

    def refining(self, share: float) -> bool:
        """Whether a job has refined splats for some share of the time."""
        return self.busy() and self.job.stage == REFINING and self.job.fraction >= share

    def sees_splats(self) -> bool:
        """Whether splats of the running job are in the scene: before them, there are points with cameras."""
        names = set(bpy.data.objects.keys())
        return PREVIEW in names and f"{PREVIEW} cameras" not in names

    def sorting(self) -> bool:
        """Whether the viewport still waits for splats."""
        return import_module(f"{MODULE}.operators.viewport.handlers").busy()

    def watch(self, name: str, share: float = 0.0) -> Journey:
        """Take a picture every few seconds until the job is over, to be looked at; and one to keep after a share of it."""
        taken = not share
        for number in count():
            yield LOOK
            if not self.busy():
                return
            take_picture(self.out / "watched" / f"{name} {number:02d} {self.job.stage}.png")
            if not taken and self.refining(share):
                self.picture(name)
                taken = True

    def shot(self, name: str) -> Journey:
        """Take a screenshot when the screen has come to rest."""
        yield from drawn()
        yield lambda: not self.sorting()
        yield from drawn()
        self.picture(name)

    def picture(self, name: str) -> None:
        """Take a screenshot now."""
        take_picture(self.out / "pictures" / f"{name}.png")
