# SPDX-License-Identifier: GPL-3.0-or-later
"""Undistortion: the pinhole camera whose image fits inside a distorted photo."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import Code, TttlrmError
from .distortion import Distortion
from .photo import Photo

MAX_ZOOM = 4.0
BORDER_POINTS = 65  # along each side of the image
SHORTEST, FARTHEST = 1e-2, 1e8  # pixels, of focal lengths and of focal lengths and centers
DIRECTIONS = 8  # from the center of the image


def source_pixels(
    pixels: np.ndarray,  # [..., 2] in the pinhole image
    pinhole: np.ndarray,  # [4], fx fy cx cy of the pinhole image
    intrinsics: np.ndarray,  # [4], fx fy cx cy of the photo
    distortion: Distortion,  # of the photo
) -> np.ndarray:
    """The points of a photo, [..., 2] in pixels, that pixels of its undistorted image show."""
    rays = (pixels - pinhole[2:]) / pinhole[:2]
    return distortion(rays) * intrinsics[:2] + intrinsics[2:]


def pinhole_intrinsics(photo: Photo, width: int, height: int) -> np.ndarray:
    """fx fy cx cy [4] of the undistorted photo, resized to cover width × height and cropped around its center.

    The focal length grows just enough for every pixel to lie inside the photo. Raises `TttlrmError` ("bad_poses") where the
    distortion folds the image over itself, and for intrinsics that no lens has.
    """
    cover = max(width / photo.width, height / photo.height)
    crop = (np.array([photo.width, photo.height]) * cover - [width, height]) / 2
    plain = photo.intrinsics * cover - [0, 0, *crop]
    if not (plain[:2].min() > SHORTEST and np.abs(plain).max() < FARTHEST):
        focal, center = photo.intrinsics[:2].tolist(), photo.intrinsics[2:].tolist()
        raise TttlrmError(
            "The camera of {} is impossible: its focal length is {} pixels, its center {}.",
            photo.path,
            focal,
            center,
            hint="Export the cameras with their focal lengths and centers again.",
            code=Code.BAD_POSES,
        )
    if not photo.distortion.bends:
        return plain
    zoom = _zoom(photo.distortion, tuple(photo.intrinsics), (photo.width, photo.height), tuple(plain), (width, height))
    if zoom is None:
        raise TttlrmError(
            "The lens distortion of {} ({}) cannot be undone.",
            photo.path,
            photo.distortion,
            hint="Undistort the photos with the program that found their cameras.",
            code=Code.BAD_POSES,
        )
    return plain * [zoom, zoom, 1, 1]


@lru_cache(maxsize=64)  # photos of one camera share the result
def _zoom(
    distortion: Distortion,
    intrinsics: tuple[float, ...],
    photo_size: tuple[int, int],
    pinhole: tuple[float, ...],
    size: tuple[int, int],
) -> float | None:
    """The smallest factor on the focal length, 1 to 4, that leaves no pixel outside the photo; None where there is none."""
    border = _border(*size)

    def fits(zoom: float) -> bool:
        zoomed = np.array(pinhole) * [zoom, zoom, 1, 1]
        places = source_pixels(border, zoomed, np.array(intrinsics), distortion)
        within = ((places >= -1e-6) & (places <= np.array(photo_size) + 1e-6)).all()
        return bool(within) and not _folds(distortion, np.linalg.norm((border - zoomed[2:]) / zoomed[:2], axis=1).max())

    low, high = 1.0, MAX_ZOOM
    if fits(low):
        return low
    if not fits(high):
        return None
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _border(width: int, height: int) -> np.ndarray:
    """Points along the four sides of an image, [P, 2]."""
    across, down = np.linspace(0, width, BORDER_POINTS), np.linspace(0, height, BORDER_POINTS)
    level = [np.stack([across, np.full_like(across, y)], -1) for y in (0, height)]
    upright = [np.stack([np.full_like(down, x), down], -1) for x in (0, width)]
    return np.concatenate(level + upright)


def _folds(distortion: Distortion, radius: float) -> bool:
    """Whether the distortion moves some point within a radius on the image plane z = 1 past points nearer to the center."""
    angles = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
    steps = np.linspace(0, radius, BORDER_POINTS)[:, None, None]
    bent = distortion(steps * np.stack([np.cos(angles), np.sin(angles)], -1))
    return not (np.diff(np.linalg.norm(bent, axis=-1), axis=0) > 0).all()
