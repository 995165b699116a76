# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender files, opened and saved with errors that are sentences."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..engine import errors


def begin() -> None:
    """An empty file in place of what is open."""
    bpy.ops.wm.read_homefile(use_empty=True)


def open_file(path: Path) -> None:
    """Open a .blend file. Raises `TttlrmError`, which has Blender's own words for what is wrong."""
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path.absolute()))
    except RuntimeError as error:
        hint = "Is it a file that this Blender, or an older one, has saved?"
        raise errors.TttlrmError("{} cannot be opened: {}", path, _words(error), hint=hint, code=errors.Code.BAD_BLEND) from error


def save(path: Path) -> None:
    """Save what is open as a .blend file, in place of one that is there. Raises `TttlrmError`, as above."""
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path.absolute()), copy=True, compress=True)
    except RuntimeError as error:
        hint = "Is there room, and may this user write there?"
        raise errors.TttlrmError(
            "{} cannot be saved: {}", path, _words(error), hint=hint, code=errors.Code.CANNOT_WRITE
        ) from error


def _words(error: RuntimeError) -> str:
    return " ".join(str(error).split())
