# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of photos, from the beginnings of their files; Blender would read the whole of every photo for that."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

USUAL = (4000, 3000)  # of phones, for files of other kinds
ENOUGH = 1 << 18  # bytes, in which the size is, behind thumbnails
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's markers of segments with the size


@lru_cache(maxsize=16)
def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a JPEG or PNG file as stored; of others, and of files that cannot be read, a usual size."""
    try:
        with path.open("rb") as file:
            start = file.read(ENOUGH)
        if start[:8] == b"\x89PNG\r\n\x1a\n":
            return struct.unpack(">II", start[16:24])
        return _of_jpeg(start) if start[:2] == b"\xff\xd8" else USUAL
    except (OSError, struct.error):
        return USUAL


def _of_jpeg(start: bytes) -> tuple[int, int]:
    place = 2
    while place < len(start):
        first, marker, size = struct.unpack_from(">BBH", start, place)
        if first != 0xFF:
            break
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", start, place + 5)
            return width, height
        place += 2 + size
    return USUAL
