# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that accompany a photo: its mask, as in nerfstudio and COLMAP, and its alpha channel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import Code, TttlrmError
from .images import QUARTER_TURNS, TURNS, TURNS_BACK, has_transparency, image_size, orientation, read_image
from .photo import Photo, same_shape

COLORED = 0.1  # difference between channels, 0 to 1, from which a mask has colors
DIM = 0.5  # of white: darker masks are made of small numbers, mostly 0 and 1


def read_mask(photo: Photo, reduction: int = 1) -> np.ndarray:
    """How much each pixel of `photo.reduced(reduction)` counts, [H, W, 1] float32: as `mask_values` says, 1 without a mask.

    Raises `TttlrmError` as `read_alpha` does.
    """
    return _fitted(photo.mask, photo, reduction, mask_values)


def read_alpha(photo: Photo, reduction: int = 1) -> np.ndarray:
    """The alpha channel of `photo.reduced(reduction)`, [H, W, 1] float32: 0 for background, 1 everywhere without a file.

    The file may have another resolution than the photo. Raises `TttlrmError` ("bad_photo") where it cannot be read, or has
    a different aspect ratio.
    """
    return _fitted(photo.alpha, photo, reduction, _brightness)


def mask_values(path: Path, upright: bool = True, reduction: int = 1) -> np.ndarray:
    """How much each pixel of a mask's photo counts, [H, W] float32: 0 where the mask is black or transparent.

    Where all that is not transparent is dark, it is what was painted over, and the rest counts. Colors mean nothing: those are
    photos without their background. The largest value of a dim mask counts as 1. Arguments and errors are those of `read_image`.
    """
    values = _brightness(path, upright, reduction)
    if has_transparency(path):
        on_black = read_image(path, upright, reduction, ground=0.0)
        if on_black.mean(2).max() > DIM:
            colored = np.ptp(on_black, axis=2).max() > COLORED
            values = 1 - values + on_black.mean(2) if colored else on_black.mean(2)
    largest = values.max()
    return values / largest if 0 < largest < DIM else values


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


def _brightness(path: Path, upright: bool, reduction: int) -> np.ndarray:
    return read_image(path, upright, reduction).mean(2)


def _fitted(path: Path | None, photo: Photo, reduction: int, read: Callable[[Path, bool, int], np.ndarray]) -> np.ndarray:
    """What is read from a file, turned and resized as `photo.reduced(reduction)`, [H, W, 1]; 1 everywhere without a file."""
    small = photo.reduced(reduction)
    if path is None:
        return np.ones((small.height, small.width, 1), np.float32)
    as_large = image_size(path, photo.upright) == (photo.width, photo.height)
    values = read(path, photo.upright, reduction if as_large else 1)
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
