# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of photos in a photo set."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

# Suffixes of photos that the engine reads.
PHOTOS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif"))
RAW = frozenset((".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"))


def free_name(name: str, taken: Iterable[str]) -> str:
    """A name like this that differs from those taken by more than its suffix and capital letters."""
    path = PurePosixPath(name)
    stems = {PurePosixPath(other).with_suffix("").as_posix().lower() for other in taken}
    stem, number = path.stem, 1
    while path.with_name(stem).as_posix().lower() in stems:
        number += 1
        stem = f"{path.stem}_{number}"
    return path.with_name(f"{stem}{path.suffix}").as_posix()
