# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a photo as an image of its own: its mask, as nerfstudio and COLMAP have it, and its alpha channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import Code, TttlrmError
from .images import image_size, read_image
from .photo import Photo, same_shape


def read_mask(photo: Photo, reduction: int = 1) -> np.ndarray:
    """How much each pixel of `photo.reduced(reduction)` counts, [H, W, 1] float32: 0 where its mask is black, 1 without one.

    Raises `TttlrmError` as `read_alpha` does.
    """
    return _read(photo.mask, photo, reduction)


def read_alpha(photo: Photo, reduction: int = 1) -> np.ndarray:
    """How much of each pixel of `photo.reduced(reduction)` is thing, [H, W, 1] float32: 0 for background, 1 without an alpha.

    The file may have another resolution than the photo. Raises `TttlrmError` ("bad_photo") where it cannot be read, or has
    another shape.
    """
    return _read(photo.alpha, photo, reduction)


def _read(path: Path | None, photo: Photo, reduction: int) -> np.ndarray:
    small = photo.reduced(reduction)
    if path is None:
        return np.ones((small.height, small.width, 1), np.float32)
    as_large = image_size(path) == (photo.width, photo.height)
    values = read_image(path, photo.upright, reduction if as_large else 1).mean(2)
    if not same_shape(values.shape[::-1], (photo.width, photo.height)):
        hint = "Make it again from the photo held upright, or take it out of the folder."
        raise TttlrmError(
            "The mask {} has another shape than its photo: {}×{} instead of {}×{} pixels.",
            path,
            values.shape[1],
            values.shape[0],
            photo.width,
            photo.height,
            hint=hint,
            code=Code.BAD_PHOTO,
        )
    return np.asarray(Image.fromarray(values).resize((small.width, small.height), Image.Resampling.BILINEAR))[..., None]
