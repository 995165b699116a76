# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to files, by way of Blender's images: its Python has no library for them."""

from pathlib import Path

import bpy
import numpy as np

from ..engine import files
from ..narrowing import untyped


def write_png(
    path: Path,
    picture: np.ndarray,  # [H, W, 3] sRGB, or [H, W, 4] with alpha, 0 to 1
) -> None:
    """Write a PNG file."""
    height, width, channels = picture.shape
    image = bpy.data.images.new(path.name, width, height, alpha=channels == 4)
    with_alpha = picture if channels == 4 else np.dstack((picture, np.ones((height, width))))
    untyped(image.pixels).foreach_set(with_alpha[::-1].astype(np.float32).ravel())  # Blender's rows run upwards
    image.file_format = "PNG"
    with files.replacing(path) as part:
        image.filepath_raw = str(part)
        image.save()
    bpy.data.images.remove(image)
