# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of benchmarks/first_minutes.py that runs in a Blender with a window: blender --python … -- PLAN.json"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.inside.driver import Journey, go, in_view, plan, take_picture
from tools.inside.person import Person

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

LOOK = 1.0  # seconds between looks at the window


class Newcomer(Person):
    """Somebody who changes no setting."""

    clicks, first = 0, 0.0

    def whole(self) -> Journey:
        """All steps."""
        self.install()
        self.reach_worker()
        self.open_scene()
        yield from self.shot("empty")
        self.choose_photos()
        yield from self.shot("photos")
        started = time.monotonic()
        self.press_reconstruct()
        self.clicks += 1
        yield from self.look_on(started)
        seconds = time.monotonic() - started
        yield from self.shot("end")
        self.write(seconds)

    def look_on(self, started: float) -> Journey:
        """Take pictures until the job is over, named after the seconds since it began."""
        while self.busy():
            seconds = time.monotonic() - started
            if not self.first and self.sees_splats():
                self.first = seconds
            take_picture(self.out / "watched" / f"{seconds:06.1f}.png")
            yield LOOK

    def write(self, seconds: float) -> None:
        """Write what was seen."""
        own, splats = self.splats.tttlrm, len(self.splats.data.points)
        with in_view():
            region, height = context.region, context.window.height
            view = [region.x, height - region.y - region.height, region.x + region.width, height - region.y]
        with in_view("UI"):
            view[2] -= context.region.width
        seen = {"clicks": self.clicks, "first": self.first, "seconds": seconds, "view": view, "splats": splats}
        (self.out / "seen.json").write_text(json.dumps(seen | {"steps": own.steps, "psnr": own.psnr}))


go(Newcomer(plan()).whole())
