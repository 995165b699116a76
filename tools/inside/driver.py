# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a journey inside a Blender with a window: act, wait as a person would, and take screenshots.

A journey is a generator. It yields what to wait for: a number of seconds, or a function that is called until it returns true.
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

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

TICK = 0.1  # seconds between checks of what is waited for
PATIENCE = 900.0  # seconds
SETTLE = 1.5  # seconds until the window shows what has changed

Journey = Generator[float | Callable[[], bool], None, None]


def plan() -> dict[str, Any]:
    """The plan, from the program that started Blender."""
    return json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())


def go(journey: Journey) -> None:
    """Start the journey once Blender is up. Blender exits when it ends, with status 1 if it failed."""
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
    """Install the extension from disk."""
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=True)


def in_area(kind: str, region: str = "WINDOW") -> AbstractContextManager[None]:
    """Run operators in the block as if from an area of a kind and one of its regions."""
    window = context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == kind)
    return context.temp_override(window=window, area=area, region=next(r for r in area.regions if r.type == region))


def in_view(region: str = "WINDOW") -> AbstractContextManager[None]:
    """Run operators in the block as if from the 3D view."""
    return in_area("VIEW_3D", region)


def open_tab(name: str) -> Journey:
    """Open a tab of the 3D view's sidebar."""
    with in_view():
        context.space_data.show_region_ui = True
    yield from drawn()  # a region has tabs only after it was drawn
    with in_view("UI"):
        context.region.active_panel_category = name


def show_menu(name: str) -> None:
    """Open a menu at the mouse."""
    with in_view():
        bpy.ops.wm.call_menu("INVOKE_DEFAULT", name=name)


def press(key: str) -> None:
    """Press a key of the keyboard, by its name in X11."""
    subprocess.run(["xdotool", "key", key], check=True)


def drawn() -> Journey:
    """Wait until the whole screen is redrawn, twice, because panels move and splats are sorted after the first time."""
    for _ in range(2):
        for area in context.window_manager.windows[0].screen.areas:
            area.tag_redraw()  # Blender may not notice changes by a script
        yield SETTLE


def take_picture(path: Path) -> None:
    """Take a screenshot of the whole screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["import", "-window", "root", str(path)], check=True)
