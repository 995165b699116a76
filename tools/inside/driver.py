# SPDX-License-Identifier: GPL-3.0-or-later
"""Goes through a journey inside a Blender with a window: acts, waits as a person would, and takes pictures of the screen.

A journey is a generator. What it yields is waited for: a number of seconds, or a function until it says yes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import bpy

context: Any = bpy.context  # whose types do not tell what is there when

TICK = 0.1  # seconds between looks at what is waited for
PATIENCE = 900.0  # seconds
SETTLE = 1.5  # seconds until the window shows what has changed

Journey = Generator[float | Callable[[], bool], None, None]


def plan() -> dict[str, Any]:
    """What the script that started Blender wants."""
    return json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())


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


def install(extension: str) -> None:
    """Install the extension, as from disk."""
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=True)


def in_area(kind: str, region: str = "WINDOW") -> AbstractContextManager[None]:
    """Operators within the block are started as from the area of a kind, and from a region of it."""
    window = context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == kind)
    return context.temp_override(window=window, area=area, region=next(r for r in area.regions if r.type == region))


def in_view(region: str = "WINDOW") -> AbstractContextManager[None]:
    """Operators within the block are started as from the 3D view."""
    return in_area("VIEW_3D", region)


def open_tab(name: str) -> Journey:
    """Open a tab of the 3D view's sidebar."""
    with in_view():
        context.space_data.show_region_ui = True
    yield from drawn()  # only what was drawn has tabs
    with in_view("UI"):
        context.region.active_panel_category = name


def show_menu(name: str) -> None:
    """Open a menu where the mouse is."""
    with in_view():
        bpy.ops.wm.call_menu("INVOKE_DEFAULT", name=name)


def drawn() -> Journey:
    """Wait until the whole screen is drawn anew, twice, as panels move and splats are sorted after the first time."""
    for _ in range(2):
        for area in context.window_manager.windows[0].screen.areas:
            area.tag_redraw()  # what a script changes Blender may not notice
        yield SETTLE


def take_picture(path: Path) -> None:
    """Of the whole screen."""
    subprocess.run(["import", "-window", "root", str(path)], check=True)
