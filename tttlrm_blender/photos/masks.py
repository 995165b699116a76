# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks beside photos, as nerfstudio and COLMAP have them: what is black does not count."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..errors import TttlrmError
from .images import read_image
from .photo import Photo, same_shape


def read_mask(photo: Photo, reduction: int = 1) -> np.ndarray:
    """How much each pixel of `photo.reduced(reduction)` counts, [H, W, 1] float32, 0 to 1; 1 everywhere without a mask.

    A mask may have another resolution than its photo. Raises `TttlrmError` ("bad_photo") where it cannot be read, or has
    another shape.
    """
    small = photo.reduced(reduction)
    if photo.mask is None:
        return np.ones((small.height, small.width, 1), np.float32)
    counts = read_image(photo.mask, photo.upright).mean(2)
    if not same_shape(counts.shape[::-1], (photo.width, photo.height)):
        sizes = f"{counts.shape[1]}×{counts.shape[0]} instead of {photo.width}×{photo.height}"
        hint = "Make it again from the photo held upright, or take it out of the folder."
        raise TttlrmError(f"The mask {photo.mask} has another shape than its photo: {sizes} pixels.", hint, "bad_photo")
    resized = Image.fromarray(counts).resize((small.width, small.height), Image.Resampling.BOX)
    return np.asarray(resized)[..., None]
