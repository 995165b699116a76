# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos for tests."""

from pathlib import Path

import bpy


def save_photo(file: Path) -> Path:
    """A small one, in a folder that is made if it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image = bpy.data.images.new(file.name, 32, 24)
    image.filepath_raw, image.file_format = str(file), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return file
