# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that accompany a photo: its mask, as in nerfstudio and COLMAP, and its alpha channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import Code, TttlrmError
from .images import image_size, read_image
from .photo import Photo, same_shape

DIM = 0.5  # of white: darker masks are made of small numbers, mostly 0 and 1


def read_mask(photo: Photo, reduction: int = 1) -> np.ndarray:
    """How much each pixel of `photo.reduced(reduction)` counts, [H, W, 1] float32: 0 where its mask is black, 1 without a mask.

    The largest value of a dim mask counts as 1. Raises `TttlrmError` as `read_alpha` does.
    """
    mask = _read(photo.mask, photo, reduction)
    largest = mask.max()
    return mask / largest if 0 < largest < DIM else mask


def read_alpha(photo: Photo, reduction: int = 1) -> np.ndarray:
    """The alpha channel of `photo.reduced(reduction)`, [H, W, 1] float32: 0 for background, 1 everywhere without a file.

    The file may have another resolution than the photo. Raises `TttlrmError` ("bad_photo") where it cannot be read, or has
    a different aspect ratio.
    """
    return _read(photo.alpha, photo, reduction)


def _read(path: Path | None, photo: Photo, reduction: int) -> np.ndarray:
    small = photo.reduced(reduction)
    if path is None:
        return np.ones((small.height, small.width, 1), np.float32)
    as_large = image_size(path) == (photo.width, photo.height)
    values = read_image(path, photo.upright, reduction if as_large else 1).mean(2)
    if not same_shape(values.shape[::-1], (photo.width, photo.height)):
        hint = "Create it again from the upright photo, or remove it from the folder."
        raise TttlrmError(
            "The mask {} has a different aspect ratio than its photo: {}×{} instead of {}×{} pixels.",
            path,
            values.shape[1],
            values.shape[0],
            photo.width,
            photo.height,
            hint=hint,
            code=Code.BAD_PHOTO,
        )
    return np.asarray(Image.fromarray(values).resize((small.width, small.height), Image.Resampling.BILINEAR))[..., None]
