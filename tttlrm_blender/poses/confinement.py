# SPDX-License-Identifier: GPL-3.0-or-later
"""Confinement of the file names in pose files that another machine has sent to the folder with what it sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def confined(folder: Path | None) -> Iterator[None]:
    """Confine the names in pose files to files below a folder, within the block and its thread; None allows all files."""
    before = _folder.set(folder and folder.resolve())
    try:
        yield
    finally:
        _folder.reset(before)


def within_bounds(path: Path) -> bool:
    """Whether names may mean a path: links that lead out of the folder of `confined` do not help."""
    folder = _folder.get()
    try:
        return folder is None or path.resolve().is_relative_to(folder)
    except (OSError, ValueError):  # not a valid path, such as one with a null byte
        return False
