# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender files, opened and saved with errors that are sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from ..engine import errors
from ..reported import reported


def begin() -> None:
    """An empty file in place of what is open."""
    bpy.ops.wm.read_homefile(use_empty=True)


def open_file(path: Path) -> None:
    """Open a .blend file. Raises `TttlrmError`."""
    with told(f"{path} cannot be opened", "bad_blend"):
        bpy.ops.wm.open_mainfile(filepath=str(path.absolute()))


def save(path: Path) -> None:
    """Save what is open as a .blend file, in place of one that is there. Raises `TttlrmError`."""
    with told(f"{path} cannot be saved", "cannot_write"):
        bpy.ops.wm.save_as_mainfile(filepath=str(path.absolute()), copy=True, compress=True)


@contextmanager
def told(sentence: str, code: str) -> Iterator[None]:
    """Turns what Blender's functions raise into `TttlrmError`: a sentence, which may be empty, and what Blender says."""
    try:
        yield
    except RuntimeError as error:
        said = reported(error)
        raise errors.TttlrmError(f"{sentence}: {said}" if sentence else said, code=code) from error
