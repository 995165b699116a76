# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera raw files, developed by LibRaw with the camera's white balance.

Its automatic brightening is off, because it would change every photo of a set differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..photo_files import RAW
from .optional_packages import not_installed

SRGB = (2.4, 12.92)  # power and slope of the transfer curve
ORIENTATIONS = {3: 3, 5: 8, 6: 6}  # EXIF's, by LibRaw's codes


def is_raw(path: Path) -> bool:
    """Whether a file has the suffix of a camera raw format."""
    return path.suffix.lower() in RAW


def raw_size(path: Path, upright: bool = True) -> tuple[int, int]:
    """Width and height in pixels from the header alone. Raises `TttlrmError` ("no_package") and what LibRaw raises."""
    with _opened(path) as raw:
        sizes = raw.sizes
        sideways = upright and ORIENTATIONS.get(sizes.flip, 1) >= 5
        return (sizes.height, sizes.width) if sideways else (sizes.width, sizes.height)


def orientation(path: Path) -> int:
    """The EXIF orientation, 1 to 8. Raises as `raw_size` does."""
    with _opened(path) as raw:
        return ORIENTATIONS.get(raw.sizes.flip, 1)


def develop(path: Path, upright: bool = True, half: bool = False) -> np.ndarray:
    """The photo as [H, W, 3] uint16 sRGB, or at half the size, which is fast and needs little memory.

    Raises as `raw_size` does.
    """
    flip = {} if upright else {"user_flip": 0}
    with _opened(path) as raw:
        return raw.postprocess(half_size=half, use_camera_wb=True, no_auto_bright=True, output_bps=16, gamma=SRGB, **flip)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import rawpy
    except ImportError:
        raise not_installed(path, "rawpy") from None
    with rawpy.imread(str(path)) as raw:
        yield raw
