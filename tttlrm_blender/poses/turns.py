# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pose file describes photos held upright or as stored, which differ where the EXIF orientation is not 1.

The size that the file gives tells, unless it fits both: photos on their head, mirrored ones and squares. For those the colors
of the scene's points tell, or the other photos of the same file, or else the habit of the program that wrote the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import Code, Text, TttlrmError, text
from ..photos.images import image_size, orientation, read_reduced
from ..photos.photo import Photo, same_shape
from ..photos.raw import is_raw
from ..progress import Report

STRETCH = 0.02  # of the aspect ratio, by which sizes may differ: sizes are rounded to whole blocks, frames of videos padded
SIDE = 512  # pixels of the longest side at which colors are compared
MOST_COMPARED = 8  # photos
FEWEST_SEEN = 20  # points in a photo that is compared
CLEARLY = 0.9  # the most that the smaller of two errors may be of the larger

# The points that a photo sees: places [N, 3] in the world of its pose and colors [N, 3] uint8.
Seen = Callable[[Photo], tuple[np.ndarray, np.ndarray]]


def is_upright(poses: Path, name: str, sizes: dict[bool, tuple[int, int]], size: tuple[int, int], stored: bool) -> bool:
    """Whether a pose file for images of a `size` means a photo held upright; where both fit, not if `stored`.

    `sizes` are the photo's width and height, upright (True) and as stored (False). Raises `TttlrmError` ("bad_poses") where
    neither has such a shape.
    """
    for fits in (tuple.__eq__, same_shape, _nearly_same_shape):
        for upright in (not stored, stored):
            if fits(size, sizes[upright]):
                return upright
    raise TttlrmError(
        "The pose file {} is for images of {}×{} pixels, but {} has {}×{}.",
        poses,
        *size,
        name,
        *sizes[True],
        hint="Give the photos that the poses were made from, or correct the size in the file.",
        code=Code.BAD_POSES,
    )


def settled(poses: Path, photos: list[Photo], stored: bool, report: Report, seen: Seen | None = None) -> list[Photo]:
    """The photos of one pose file, with those that fit both ways held as the points that they see or the other photos tell.

    Where neither does, they are held as is the habit of the program that wrote the file, as `stored` or upright, with a note.
    """
    turned = [photo for photo in photos if orientation(photo.path) != 1]
    known = [photo for photo in turned if image_size(photo.path) != image_size(photo.path, upright=False)]
    unknown = [photo for photo in turned if photo not in known and not (stored and is_raw(photo.path))]
    if not unknown:
        return photos
    upright = _as_points_tell(unknown[:MOST_COMPARED], seen) if seen else None
    upright = _majority(known) if upright is None else upright
    if upright is None:
        upright = not stored
        report.note(_guess(upright, poses, unknown))
    return [replace(photo, upright=upright) if photo in unknown else photo for photo in photos]


def _guess(upright: bool, poses: Path, photos: list[Photo]) -> Text:
    template = "The pose file {} may be for upright photos or for photos as stored; {} of them, such as {}, are used as stored."
    if upright:
        template = "The pose file {} may be for upright photos or for photos as stored; {} of them, such as {}, are used upright."
    return text(template, poses, len(photos), photos[0].name)


def _nearly_same_shape(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return abs(first[0] * second[1] / (first[1] * second[0]) - 1) <= STRETCH


def _majority(photos: list[Photo]) -> bool | None:
    """Whether most photos are upright; None for a tie."""
    votes = 2 * sum(photo.upright for photo in photos) - len(photos)
    return votes > 0 if votes else None


def _as_points_tell(photos: list[Photo], seen: Seen) -> bool | None:
    """Whether upright photos have the colors of the points that they see, rather than photos as stored; None if unclear."""
    errors = np.array([_color_errors(photo, *seen(photo)) for photo in photos])
    upright, stored = errors[np.isfinite(errors).all(1)].sum(0)
    return bool(upright < stored) if min(upright, stored) < CLEARLY * max(upright, stored) else None


def _color_errors(photo: Photo, means: np.ndarray, colors: np.ndarray) -> tuple[float, float]:
    """Mean differences, 0 to 1, of points' colors from those of the upright and of the stored photo.

    NaN where it sees too few points, or cannot be read, which is told where its pixels are needed.
    """
    w2c = np.linalg.inv(photo.c2w)
    points = means @ w2c[:3, :3].T + w2c[:3, 3]
    front = points[:, 2] > 0
    places = photo.distortion(points[front, :2] / points[front, 2:]) * photo.intrinsics[:2] + photo.intrinsics[2:]
    shares = places / [photo.width, photo.height]
    inside = ((shares >= 0) & (shares < 1)).all(1)
    if inside.sum() < FEWEST_SEEN:
        return math.nan, math.nan
    try:
        images = [read_reduced(photo.path, SIDE, upright) for upright in (True, False)]
    except TttlrmError:
        return math.nan, math.nan
    seen = colors[front][inside] / 255
    upright, stored = (float(np.abs(_colors_at(image, shares[inside]) - seen).mean()) for image in images)
    return upright, stored


def _colors_at(
    image: np.ndarray,  # [H, W, 3]
    shares: np.ndarray,  # [N, 2] of its width and height, 0 to below 1
) -> np.ndarray:
    columns, rows = (shares * [image.shape[1], image.shape[0]]).astype(int).T
    return image[rows, columns]
