# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration of functions that Blender calls on events of the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import bpy

Handler = tuple[str, Callable[..., Any]]  # a list of `bpy.app.handlers`, and a persistent function
FILE_CAME = tuple(name for name in ("load_post", "blend_import_post") if hasattr(bpy.app.handlers, name))


def register(handlers: Iterable[Handler]) -> None:
    """Have the functions called from now on."""
    for name, handler in handlers:
        getattr(bpy.app.handlers, name).append(handler)


def unregister(handlers: Iterable[Handler]) -> None:
    """Take that back out."""
    for name, handler in handlers:
        getattr(bpy.app.handlers, name).remove(handler)
