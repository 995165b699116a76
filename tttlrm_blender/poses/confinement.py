# SPDX-License-Identifier: GPL-3.0-or-later
"""Confinement of the file names in pose files that another machine has sent to the folder with what it sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .posed_photo import bad_poses

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def confined(folder: Path | None) -> Iterator[None]:
    """Confine the names in pose files to files below a folder, within the block and its thread; None allows all files."""
    before = _folder.set(folder and folder.resolve())
    try:
        yield
    finally:
        _folder.reset(before)


def first_file(candidates: Iterable[Path], poses: Path, name: str) -> Path | None:
    """The first existing file among those that a `name` in the file `poses` may mean, or None.

    Raises `TttlrmError` ("bad_poses") where all of them are outside the folder of `confined`.
    """
    near = False
    for path in candidates:
        if _within_bounds(path):
            near = True
            if path.is_file():
                return path
    if not near:
        raise bad_poses(
            "The pose file {} names {!r}, which is outside the scene.", poses, name, hint="Only name files of the scene."
        )
    return None


def _within_bounds(path: Path) -> bool:
    folder = _folder.get()
    try:
        return folder is None or path.resolve().is_relative_to(folder)
    except (OSError, ValueError):  # not a valid path, such as one with a null byte
        return False
