# SPDX-License-Identifier: GPL-3.0-or-later
"""Undistorting, resizing and cropping in one resampling, as a sparse matrix that photos of one camera share."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from .block_mean import block_mean
from .distortion import Distortion
from .lens import source_pixels
from .photo import Photo

NEARLY = 1.01  # reductions by less than this need no averaging


def resample(
    image: np.ndarray,  # [H, W, C] float32, the pixels of the photo
    photo: Photo,
    pinhole: np.ndarray,  # [4], fx fy cx cy of the new image
    width: int,
    height: int,
) -> np.ndarray:
    """The pinhole image inside a photo, [height, width, C] float32, averaged where it is smaller."""
    scale = pixels_per_pixel(photo, pinhole)
    reduction = max(1, int(scale))
    small = photo.reduced(reduction)
    taps = 2 if scale / reduction > NEARLY else 1
    sizes = (small.width, small.height), (width, height)
    weights = _weights(tuple(pinhole), tuple(small.intrinsics), photo.distortion, *sizes, taps)
    channels = image.shape[2]
    return (weights @ block_mean(image, reduction).reshape(-1, channels)).reshape(height, width, channels)


def pixels_per_pixel(photo: Photo, pinhole: np.ndarray) -> float:
    """How many pixels of a photo, in width or height, one pixel of the new image covers at its center."""
    return float((photo.intrinsics[:2] / pinhole[:2]).max())


@lru_cache(maxsize=2)
def _weights(
    pinhole: tuple[float, ...],
    intrinsics: tuple[float, ...],
    distortion: Distortion,
    photo_size: tuple[int, int],
    size: tuple[int, int],
    taps: int,
) -> csr_matrix:
    """The sparse matrix that makes each new pixel the mean of taps × taps bilinear samples of the photo."""
    (photo_width, photo_height), (width, height) = photo_size, size
    grid = np.stack(np.meshgrid(np.arange(width * taps), np.arange(height * taps)), -1)
    places = source_pixels((grid + 0.5) / taps, np.array(pinhole), np.array(intrinsics), distortion) - 0.5
    places = np.clip(places, 0, np.array(photo_size) - 1).reshape(-1, 2)
    corner = np.minimum(places.astype(np.int32), np.maximum(np.array(photo_size) - 2, 0))
    right, down = (places - corner).T.astype(np.float32) / taps
    rows = (grid // taps @ np.array([1, width])).reshape(-1)
    column = corner @ np.array([1, photo_width])
    across, below = min(photo_width - 1, 1), photo_width * min(photo_height - 1, 1)  # 0 where there is no other pixel
    columns = [column, column + across, column + below, column + across + below]
    share = 1 / taps
    values = [(share - right) * (share - down), right * (share - down), (share - right) * down, right * down]
    shape = (width * height, photo_width * photo_height)
    return csr_matrix((np.concatenate(values), (np.tile(rows, 4), np.concatenate(columns))), shape=shape)
