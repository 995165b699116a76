# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that accompany a photo: its mask, as in nerfstudio and COLMAP, and its alpha channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import Code, TttlrmError
from .images import QUARTER_TURNS, TURNS, TURNS_BACK, image_size, orientation, read_image
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


def turned_mask(
    values: np.ndarray,  # [H, W]
    size: tuple[int, int],  # width and height
    photo: Path,
    upright: bool,
) -> np.ndarray:
    """The mask of a photo held as `upright` says, of a size; where it only fits the other way to hold it, it is turned."""
    height, width = values.shape
    if same_shape((width, height), size) or not same_shape((height, width), size):
        return values
    turn = (TURNS if upright else TURNS_BACK).get(orientation(photo))
    return np.asarray(Image.fromarray(values).transpose(turn)) if turn in QUARTER_TURNS else values


def _read(path: Path | None, photo: Photo, reduction: int) -> np.ndarray:
    small = photo.reduced(reduction)
    if path is None:
        return np.ones((small.height, small.width, 1), np.float32)
    as_large = image_size(path, photo.upright) == (photo.width, photo.height)
    values = read_image(path, photo.upright, reduction if as_large else 1).mean(2)
    values = turned_mask(values, (photo.width, photo.height), photo.path, photo.upright)
    height, width = values.shape
    if not same_shape((width, height), (photo.width, photo.height)):
        hint = "Create it again from the upright photo, or remove it from the folder."
        raise TttlrmError(
            "The mask {} has a different aspect ratio than its photo: {}×{} instead of {}×{} pixels.",
            path,
            width,
            height,
            photo.width,
            photo.height,
            hint=hint,
            code=Code.BAD_PHOTO,
        )
    return np.asarray(Image.fromarray(values).resize((small.width, small.height), Image.Resampling.BILINEAR))[..., None]
