# SPDX-License-Identifier: GPL-3.0-or-later
"""Goes through a journey inside a Blender with a window: acts, waits as a person would, and takes pictures of the screen.

A journey is a generator. What it yields is waited for: a number of seconds, or a function until it says yes.
"""

from __future__ import annotations

import os
import subprocess
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import bpy

TICK = 0.1  # seconds between looks at what is waited for
PATIENCE = 900.0  # seconds
SETTLE = 1.5  # seconds until the window shows what has changed

Journey = Generator[float | Callable[[], bool], None, None]


def go(journey: Journey) -> None:
    """Begin, once Blender has come up. Blender ends with the journey, with exit status 1 where it went wrong."""
    waiting: list[tuple[Callable[[], bool], float]] = []

    def tick() -> float | None:
        try:
            if waiting:
                done, deadline = waiting[0]
                if not done():
                    assert time.monotonic() < deadline, "this takes too long"
                    return TICK
                waiting.clear()
            wanted = next(journey)
            if callable(wanted):
                waiting.append((wanted, time.monotonic() + PATIENCE))
                return TICK
            return wanted
        except StopIteration:
            bpy.ops.wm.quit_blender()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        return None

    bpy.app.timers.register(tick, first_interval=SETTLE, persistent=True)


def in_view() -> AbstractContextManager[None]:
    """Operators within the block are started as from the 3D view."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    region = next(region for region in area.regions if region.type == "WINDOW")
    return bpy.context.temp_override(window=window, area=area, region=region)


def one_large_view(tab: str) -> Journey:
    """Let the 3D view fill most of the window, with a tab of its sidebar open."""
    with in_view():
        bpy.context.space_data.show_region_ui = True
        bpy.context.area.tag_redraw()  # only what was drawn has tabs
    yield SETTLE
    with in_view():
        sidebar = next(region for region in bpy.context.area.regions if region.type == "UI")
        sidebar.active_panel_category = tab


def picture(path: Path) -> Journey:
    """Take a picture of the whole screen, drawn anew: what a script changes Blender may not notice."""
    for area in bpy.context.window_manager.windows[0].screen.areas:
        area.tag_redraw()
    yield SETTLE
    subprocess.run(["import", "-window", "root", str(path)], check=True)
