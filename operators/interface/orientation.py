# SPDX-License-Identifier: GPL-3.0-or-later
"""How JPEG files say that their pictures are to be turned, as those of phones held upright do; Blender does not ask."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

UPRIGHT = 1  # the orientation that needs no turning
START, EXIF, SCAN = b"\xff\xd8", 0xE1, 0xDA  # of a JPEG file; markers of segments
BEGINNING = b"Exif\0\0"
ORIENTATION, SHORT = 0x0112, 3  # tag and type of the entry
TURNS = {  # from pictures [H, W, …] as they are stored, row by row from the top
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.swapaxes(0, 1),
    6: lambda picture: picture[::-1].swapaxes(0, 1),
    7: lambda picture: picture[::-1, ::-1].swapaxes(0, 1),
    8: lambda picture: picture[:, ::-1].swapaxes(0, 1),
}


def orientation(path: Path) -> int:
    """The EXIF orientation of a photo, 1 to 8; 1 where none can be read."""
    try:
        with path.open("rb") as file:
            found = _of_tiff(_exif(file))
    except (OSError, struct.error):
        return UPRIGHT
    return found if found in TURNS else UPRIGHT


def turned(
    picture: np.ndarray,  # [H, W, …], from the top
    orientation: int,
) -> np.ndarray:  # [H, W, …] or [W, H, …]
    """A picture as it is to be seen."""
    return TURNS[orientation](picture) if orientation in TURNS else picture


def _exif(file: BinaryIO) -> bytes:
    """What follows the beginning of the EXIF segment, a TIFF file; nothing without one."""
    if file.read(2) != START:
        return b""
    while True:
        first, marker, size = struct.unpack(">BBH", file.read(4))
        if first != 0xFF or marker == SCAN:
            return b""
        content = file.read(size - 2) if size > 2 else b""
        if marker == EXIF and content.startswith(BEGINNING):
            return content[len(BEGINNING) :]


def _of_tiff(content: bytes) -> int:
    """The orientation in the first directory of a TIFF file."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None:
        return UPRIGHT
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", content, entry)
        if (tag, kind) == (ORIENTATION, SHORT):
            return value
    return UPRIGHT
