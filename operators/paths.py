# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that people and scripts give: those that begin with `//` are relative to the folder of the open file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from .engine import errors

# Without the first, newer Blenders take `//` for an absolute path; older ones do not know it, and give relative paths anyway.
RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()


def file_property(**words: Any) -> Any:
    """Return a property for the path of a file."""
    return _property("FILE_PATH", **words)


def folder_property(**words: Any) -> Any:
    """Return a property for the path of a folder."""
    return _property("DIR_PATH", **words)


def _property(subtype: str, options: set[str] | None = None, **words: Any) -> Any:
    return StringProperty(subtype=subtype, options={*(options or {"ANIMATABLE"}), *RELATIVE}, **words)


def absolute(path: str) -> str:
    """Return a path without `//`; other text stays as it is. Raises `TttlrmError` for `//` in a file that was never saved."""
    if path.startswith("//") and not bpy.data.filepath:
        raise errors.TttlrmError(
            "The path {} is relative to this Blender file, which has not been saved yet.",
            path,
            hint="Save the file first, or use an absolute path.",
            code=errors.Code.BAD_SETTINGS,
        )
    return bpy.path.abspath(path)


def resolved(path: str) -> Path:
    """Return an absolute path, or the empty path for empty text. Raises `TttlrmError` as `absolute` does."""
    return Path(absolute(path)) if path else Path()
