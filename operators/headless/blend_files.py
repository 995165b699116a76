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
    with told(f"{path} cannot be opened", "bad_blend", "Is it a file that this Blender, or an older one, has saved?"):
        bpy.ops.wm.open_mainfile(filepath=str(path.absolute()))


def save(path: Path) -> None:
    """Save what is open as a .blend file, in place of one that is there. Raises `TttlrmError`."""
    with told(f"{path} cannot be saved", "cannot_write", "Is there room, and may this user write there?"):
        bpy.ops.wm.save_as_mainfile(filepath=str(path.absolute()), copy=True, compress=True)


@contextmanager
def told(sentence: str, code: str, hint: str = "") -> Iterator[None]:
    """Turns what Blender's functions raise into `TttlrmError`.

    A sentence and what Blender says of it; without one, what an operator of ours reports, which says by itself what to do.
    """
    try:
        yield
    except RuntimeError as error:
        said = reported(error)
        raise errors.TttlrmError("{}: {}" if sentence else "{}", *filter(None, [sentence, said]), hint=hint, code=code) from error
