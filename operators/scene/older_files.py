# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats from files that an older version or an older Blender saved.

A Blender that draws splats by itself would draw nothing of those of one that does not: their colors are of the type that four
floats had before, they have no type of cloud and no sizes of points, and a modifier stands in for the drawing in renders. Linked
ones stay as they are; for them the overlay goes on to draw. In other Blenders, the modifier may not be the last one yet.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import app_handlers
from ..narrowing import untyped
from .drawing import NAME, drawn_by_blender, show_in_viewport
from .editable import is_editable
from .points import cloud_of
from .splats import is_older, is_splats, read_local, write_local


@persistent
def adopt(*_: Any) -> None:
    """Make the splats that came with a file what this Blender draws, but for linked ones, whose changes are not saved."""
    clouds = {cloud_of(obj) for obj in bpy.data.objects if is_splats(obj)}
    old = {cloud for cloud in clouds if is_older(cloud) and is_editable(cloud)}
    for cloud in old:
        write_local(cloud, read_local(cloud))
    for obj in (obj for obj in bpy.data.objects if obj.data in old):
        show_in_viewport(obj)
        obj.show_bounds = False
        if NAME in obj.modifiers:
            obj.modifiers.remove(obj.modifiers[NAME])


@persistent
def pin(*_: Any) -> None:
    """Keep the modifier that draws behind all others; without that, a box was shown for clicks on the splats."""
    for obj in (obj for obj in bpy.data.objects if is_splats(obj) and is_editable(obj)):
        modifier = untyped(obj.modifiers.get(NAME))
        if modifier and not modifier.use_pin_to_last:
            modifier.use_pin_to_last, obj.show_bounds = True, False


HANDLERS = [(name, adopt if drawn_by_blender() else pin) for name in app_handlers.FILE_CAME]


def register() -> None:
    """Look at files from now on."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Take that back out."""
    app_handlers.unregister(HANDLERS)
