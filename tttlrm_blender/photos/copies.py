# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of photos for programs that ignore EXIF orientations, or cannot read HEIC, AVIF and camera raw files, as Blender."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import numpy as np
from PIL import Image

from ..errors import TttlrmError
from ..progress import Report
from ..stages import Stage
from .images import orientation, read_reduced, read_widely, shrunk
from .photo import Photo
from .threads import for_each

SIDE = 1600  # pixels of the longest side at most
QUALITY = 85  # of JPEG


def turn_of(photo: Photo) -> int:
    """The EXIF orientation, 1 to 8, that is applied to the stored pixels of a photo; 1 where its file is gone."""
    try:
        return orientation(photo.path) if photo.upright else 1
    except TttlrmError:
        return 1


def copies(photos: list[Photo], report: Report) -> dict[str, np.ndarray]:
    """JPEG files, as bytes [N] uint8, of the photos that such programs would show otherwise than they are used, by name.

    Photos whose files can no longer be read are left out.
    """
    found: dict[str, np.ndarray] = {}

    def copy(photo: Photo) -> None:
        with suppress(TttlrmError):
            if turn_of(photo) != 1 or not read_widely(photo.path):
                found[photo.name] = _copy(photo)

    for_each(copy, photos, report, Stage.COPIES)
    return found


def _copy(photo: Photo) -> np.ndarray:
    pixels = (read_reduced(photo.path, SIDE, photo.upright) * 255 + 0.5).astype(np.uint8)
    image, file = Image.fromarray(pixels), BytesIO()
    size = shrunk(*image.size, SIDE)
    image.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=QUALITY)
    return np.frombuffer(file.getvalue(), np.uint8)
