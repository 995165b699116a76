# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's images of photos.

Blender ignores EXIF orientations, and cannot read HEIC, AVIF and camera raw files. For photos that it would show wrongly or not
at all, the engine provides a copy as it used them. The copy is packed, so that the .blend file keeps it, and it remembers what
it is a copy of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import bpy
import numpy as np

from ..engine import photo_files
from ..narrowing import untyped
from . import image_files

# Custom properties of copies.
ORIGINAL = "tttlrm_original"  # path of the photo; empty if it is in no file
SIZE = "tttlrm_original_size"  # width and height of the photo as it is held in the copy, in pixels
TURN = "tttlrm_turn"  # EXIF orientation that was applied to the photo's stored pixels; 1 if none was


@dataclass(frozen=True)
class PhotoFile:
    """The photo that an image stands for."""

    name: str
    content: Path | bytes
    size: tuple[int, int]  # width and height in pixels, 0 if unknown
    upright: bool  # whether the size is that after the EXIF orientation is applied


def load_photo(photo: Path) -> bpy.types.Image:
    """The image of a photo that Blender shows as the engine used it."""
    return bpy.data.images.load(str(photo), check_existing=True)


def add_copy(
    name: str,
    photo: Path | None,
    copy: np.ndarray,  # [N] uint8, a JPEG file
    size: Sequence[int],
    turn: int,
) -> bpy.types.Image:
    """The image of a photo that Blender does not show as the engine used it; one for each photo and turn."""
    told = {ORIGINAL: str(photo or ""), SIZE: [int(side) for side in size], TURN: int(turn)}
    if known := photo and next((image for image in bpy.data.images if _is_copy(image, told, len(copy))), None):
        return known
    image = bpy.data.images.new(f"{PurePath(name).stem}.jpg", 1, 1)
    image.pack(data=copy.tobytes(), data_len=len(copy))
    image.source = "FILE"
    for key, value in told.items():
        image[key] = value
    return image


def file_name(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> str:
    """The name of the photo's file; empty if it has none."""
    original = _original(image)
    return original.name if original else image_files.file_name(image, user)


def photo_size(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> tuple[int, int]:
    """Width and height of the photo in pixels; 0 if Blender cannot read it."""
    width, height = _noted(image, SIZE) or image_files.image_size(image, user)
    return width, height


def photo_turn(image: bpy.types.Image) -> int:
    """The EXIF orientation that was applied to the photo's stored pixels, 1 to 8."""
    return next(iter(_noted(image, TURN)), 1)


def lacks_original(image: bpy.types.Image) -> bool:
    """Whether an image is a copy of a photo whose file is gone."""
    original = _original(image)
    return original is not None and not original.is_file()


def photo_file(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> PhotoFile:
    """The photo of an image; if the original of a copy is gone, or the copy was painted, the copy.

    Raises `TttlrmError` as `image_files.image_file`.
    """
    original = _original(image)
    if original and original.is_file() and not image.is_dirty:
        return PhotoFile(original.name, original, photo_size(image), photo_turn(image) != 1)
    name, content = image_files.image_file(image, user)
    return PhotoFile(name, content, image_files.image_size(image, user), False)


def _original(image: bpy.types.Image) -> Path | None:
    """The photo that an image is a copy of; None if it is none, or the photo is in no file. Anybody can edit these properties."""
    path = untyped(image).get(ORIGINAL)
    return Path(path) if isinstance(path, str) and photo_files.is_photo(PurePath(path)) else None


def _noted(image: bpy.types.Image, key: str) -> tuple[int, ...]:
    """The numbers in a property of a copy; none unless there are as many as there should be."""
    value = untyped(image).get(key)
    numbers = (value,) if isinstance(value, int) else () if value is None or isinstance(value, str | float) else tuple(value)
    sound = len(numbers) == (2 if key == SIZE else 1) and all(isinstance(number, int) and number > 0 for number in numbers)
    return numbers if sound else ()


def _is_copy(image: bpy.types.Image, told: dict[str, Any], length: int) -> bool:
    known = {key: untyped(image).get(key) for key in told}
    known[SIZE] = list(known[SIZE] or ())
    return known == told and image.packed_file is not None and image.packed_file.size == length
