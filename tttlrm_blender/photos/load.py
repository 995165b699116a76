# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos read as pinhole images of one size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import Code, TttlrmError
from ..geometry.cameras import Cameras
from ..progress import Report
from ..stages import Stage
from .images import DRAFTED, has_transparency, read_image
from .lens import pinhole_intrinsics
from .masks import read_alpha, read_mask
from .photo import Photo
from .resample import pixels_per_pixel, resample
from .threads import for_each

BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
PURE = 1 - 0.5 / 255  # of a channel that is white in 8 bits


@dataclass(frozen=True)
class PhotoSet:
    """V photos of one size with their pinhole cameras."""

    names: list[str]
    images: np.ndarray  # [V, H, W, 3] float32, sRGB, 0 to 1
    cameras: Cameras  # V cameras
    background: tuple[float, float, float] = BLACK  # of pictures of splats that are compared with the photos
    weights: np.ndarray | None = None  # [V, H, W] float32, 0 for pixels that do not count; None if all do

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, views: list[int] | np.ndarray) -> PhotoSet:
        """The photos of some views, in the order given."""
        weights = None if self.weights is None else self.weights[views]
        return PhotoSet([self.names[view] for view in views], self.images[views], self.cameras[views], self.background, weights)


def load_photos(
    photos: list[Photo], width: int = 0, height: int = 0, report: Report | None = None, stage: Stage = Stage.LOAD
) -> PhotoSet:
    """Photos decoded, upright, undistorted, on white, resized to cover width × height and cropped around the center.

    A missing width or height follows from the other and the aspect ratio of the first photo; without both, the size is that
    of the first photo. Masks become weights. Raises `TttlrmError` ("bad_photo") where a photo or a mask cannot be decoded, and
    where masks leave nothing of all photos.
    """
    width, height = used_size(photos, width, height)
    pinholes = [pinhole_intrinsics(photo, width, height) for photo in photos]
    images = np.empty((len(photos), height, width, 3), np.float32)
    weights = np.empty((len(photos), height, width), np.float32) if any(photo.mask for photo in photos) else None

    def load(index: int) -> None:
        photo, reduction = photos[index], _reduction(photos[index], pinholes[index])
        images[index] = resample(_pixels(photo, reduction), photo.reduced(reduction), pinholes[index], width, height)
        if weights is not None:
            mask = resample(read_mask(photo, reduction), photo.reduced(reduction), pinholes[index], width, height)
            weights[index] = mask[..., 0]

    load(0)  # alone, so that the others find its resampling matrix in the cache
    for_each(load, range(1, len(photos)), report or Report(), stage)
    if weights is not None and not weights.any():
        mask = next(photo.mask for photo in photos if photo.mask)
        hint = "Make the masks white where the photos count, or remove them."
        raise TttlrmError(
            "The masks leave nothing of the photos: {} and all others are black.", mask, hint=hint, code=Code.BAD_PHOTO
        )
    background = background_of(photos, images)
    return PhotoSet([photo.name for photo in photos], images, _cameras(photos, pinholes, width, height), background, weights)


def pinhole_cameras(photos: list[Photo], width: int, height: int) -> Cameras:
    """The cameras of the images that `load_photos` would return."""
    return _cameras(photos, [pinhole_intrinsics(photo, width, height) for photo in photos], width, height)


def background_of(
    photos: list[Photo],
    images: np.ndarray,  # [V, H, W, 3]
) -> tuple[float, float, float]:
    """White for photos of objects without background: with transparency, or with borders that are mostly pure white."""
    border = np.concatenate([images[:, [0, -1]].reshape(-1, 3), images[:, :, [0, -1]].reshape(-1, 3)])
    white = (border > PURE).all(axis=1).mean() > 0.5
    return WHITE if white or photos[0].alpha or has_transparency(photos[0].path) else BLACK


def used_size(photos: list[Photo], width: int = 0, height: int = 0) -> tuple[int, int]:
    """The size that `load_photos` uses when width, height or both are 0."""
    first = photos[0]
    if width and height:
        return width, height
    if width or height:
        ratio = width / first.width if width else height / first.height
        return width or round(first.width * ratio), height or round(first.height * ratio)
    return first.width, first.height


def _reduction(photo: Photo, pinhole: np.ndarray) -> int:
    """The power of two by which a large photo is reduced while decoding, to save memory."""
    large = photo.width * photo.height > DRAFTED
    return 1 << int(math.log2(max(1.0, pixels_per_pixel(photo, pinhole)))) if large else 1


def _pixels(photo: Photo, reduction: int) -> np.ndarray:
    image, small = read_image(photo.path, photo.upright, reduction), photo.reduced(reduction)
    if image.shape[:2] != (small.height, small.width):
        raise TttlrmError("The size of the photo {} has changed.", photo.path, hint="Start the job again.", code=Code.BAD_PHOTO)
    if photo.alpha is None:
        return image
    alpha = read_alpha(photo, reduction)
    return image * alpha + (1 - alpha)


def _cameras(photos: list[Photo], pinholes: list[np.ndarray], width: int, height: int) -> Cameras:
    sizes = np.tile(np.array([[width, height]]), (len(photos), 1))
    return Cameras(np.stack([photo.c2w for photo in photos]), np.stack(pinholes), sizes)
