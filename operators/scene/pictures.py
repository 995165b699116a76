# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to and from files, by way of Blender's images: its Python has no library for them."""

from pathlib import Path

import bpy
import numpy as np

from ..engine import files
from ..narrowing import untyped

FORMATS = {".png": "PNG", ".jpg": "JPEG"}
QUALITY = 90  # of JPEG files, in percent


def write_picture(
    path: Path,
    picture: np.ndarray,  # [H, W, 3] sRGB, or [H, W, 4] with alpha, 0 to 1
) -> None:
    """Write a PNG or a JPEG file."""
    height, width, channels = picture.shape
    image = bpy.data.images.new(path.name, width, height, alpha=channels == 4)
    with_alpha = picture if channels == 4 else np.dstack((picture, np.ones((height, width))))
    untyped(image.pixels).foreach_set(with_alpha[::-1].astype(np.float32).ravel())  # Blender's rows run upwards
    image.file_format = untyped(FORMATS[path.suffix])
    with files.replacing(path) as part:
        image.filepath_raw = str(part)
        image.save(quality=QUALITY if path.suffix == ".jpg" else 0)
    bpy.data.images.remove(image)


def covering(image: bpy.types.Image, width: int, height: int) -> np.ndarray | None:
    """The middle of an image, as large as fits a size: [height, width, 3] sRGB, 0 to 1. None if Blender cannot read it."""
    if not all(image.size):
        return None
    factor = max(width / image.size[0], height / image.size[1])
    wide, high = (max(least, round(factor * side)) for least, side in zip((width, height), image.size, strict=True))
    left, top = (wide - width) // 2, (high - height) // 2
    return _scaled(image, wide, high)[top : top + height, left : left + width]


def fitting(path: Path, side: int) -> np.ndarray | None:
    """A picture in a file, made to fit into a square: [H, W, 3] sRGB, 0 to 1. None if there is none that Blender can read."""
    if not path.exists():
        return None
    try:
        image = bpy.data.images.load(str(path.absolute()))
    except RuntimeError:
        return None
    try:
        factor = side / max(*image.size, 1)
        return _scaled(image, *(max(1, round(factor * length)) for length in image.size)) if all(image.size) else None
    finally:
        bpy.data.images.remove(image)


def _scaled(image: bpy.types.Image, width: int, height: int) -> np.ndarray:  # [height, width, 3]
    copy = image.copy()
    try:
        copy.scale(width, height)
        pixels = np.empty(width * height * 4, np.float32)
        untyped(copy.pixels).foreach_get(pixels)
    finally:
        bpy.data.images.remove(copy)
    return pixels.reshape(height, width, 4)[::-1, :, :3]
