# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the names in pose files may lead: anywhere, but for photos that somebody else has sent only to what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .posed_photo import bad_poses

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def confined(folder: Path | None) -> Iterator[None]:
    """Within the block, and its thread, the names in pose files lead to files below a folder only; with None anywhere."""
    before = _folder.set(folder and folder.resolve())
    try:
        yield
    finally:
        _folder.reset(before)


def first_file(candidates: Iterable[Path], poses: Path, name: str) -> Path | None:
    """The first of the places that a name in the file `poses` may mean where there is a file.

    Raises `TttlrmError` ("bad_poses") where all of them are out of bounds.
    """
    near = False
    for path in candidates:
        if _within_bounds(path):
            near = True
            if path.is_file():
                return path
    if not near:
        raise bad_poses(
            "The pose file {} names {!r}, which is outside of the scene.", poses, name, hint="Name files of the scene only."
        )
    return None


def _within_bounds(path: Path) -> bool:
    folder = _folder.get()
    try:
        return folder is None or path.resolve().is_relative_to(folder)
    except (OSError, ValueError):  # no path at all, such as one with a zero byte
        return False
