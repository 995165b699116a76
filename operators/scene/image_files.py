# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of Blender's images, as the photos of a photo set: under names and in formats that the engine reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import bpy
import numpy as np

from ..engine import errors, photo_files
from ..narrowing import given, untyped
from . import conversion
from .pictures import write_picture

# First bytes of files that the engine reads whatever they are called, and the suffixes for them.
BEGINNINGS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"II*\0": ".tif", b"MM\0*": ".tif"}


def image_file(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> tuple[str, Path | bytes]:
    """The name and the file of an image; of a sequence, those of the frame that `user` shows in the scene's current frame.

    What the engine does not read, but Blender does, becomes PNG, and so does what was painted and not saved. Raises
    `TttlrmError` for movies and tiles, and for images that are neither files nor packed.
    """
    if image.source not in {"FILE", "SEQUENCE", "GENERATED"}:
        raise errors.TttlrmError(
            "The image “{}” is not a single picture.",
            image.name,
            hint="Choose pictures or image sequences. For the frames of a movie, choose Video as the source.",
            code=errors.Code.BAD_PHOTO,
        )
    if image.is_dirty and image.source == "FILE":
        return f"{PurePath(image.name).stem}.png", _as_png(image, image)
    content = bytes(image.packed_file.data) if image.packed_file else _existing(image, user)
    packed = photo_files.plain(bpy.path.basename(image.filepath_raw) or image.name)
    name = content.name if isinstance(content, Path) else packed
    if photo_files.is_photo(PurePath(name)):
        return name, content
    suffix = _true_suffix(content)
    if suffix:
        return f"{name}{suffix}", content
    with _loaded(content) if isinstance(content, Path) else nullcontext(image) as shown:
        return f"{name}.png", _as_png(shown, image)


def image_size(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> tuple[int, int]:
    """Width and height in pixels of what `image_file` gives; 0 if Blender cannot read it."""
    if image.source != "SEQUENCE":
        return image.size[0], image.size[1]
    with _loaded(_existing(image, user)) as shown:  # Blender knows the size of the frame that it drew last
        return shown.size[0], shown.size[1]


@contextmanager
def _loaded(path: Path) -> Iterator[bpy.types.Image]:
    """A file as an image for a moment."""
    image = bpy.data.images.load(str(path))
    try:
        yield image
    finally:
        bpy.data.images.remove(image)


def frame_shown(user: bpy.types.ImageUser, frame: int) -> int:
    """The number of the file of an image sequence that is shown in a frame of the scene."""
    number, count = frame - user.frame_start + 1, max(user.frame_duration, 1)
    number = (number - 1) % count + 1 if user.use_cyclic else min(max(number, 1), count)
    return number + user.frame_offset


def file_name(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> str:
    """The name of the file that an image shows; empty if it has none."""
    return _path(image, user).name if image.filepath_raw else ""


def _path(image: bpy.types.Image, user: bpy.types.ImageUser | None) -> Path:
    if image.source == "SEQUENCE" and user is not None and user.frame_duration:
        return _of_sequence(image, user)
    return Path(bpy.path.abspath(image.filepath_raw, library=image.library))


def _existing(image: bpy.types.Image, user: bpy.types.ImageUser | None) -> Path:
    path = _path(image, user)
    if not image.filepath_raw or not path.is_file():
        raise errors.TttlrmError(
            errors.text("The file of the image “{}” does not exist: {}.", image.name, path)
            if image.filepath_raw
            else errors.text("The image “{}” has not been saved.", image.name),
            hint="Save the image or locate the missing file, then try again.",
            code=errors.Code.BAD_PHOTO,
        )
    return path


def _of_sequence(image: bpy.types.Image, user: bpy.types.ImageUser) -> Path:
    """The file that is shown; Blender itself notes the frame only when it draws the image."""
    before = user.frame_current
    user.frame_current = frame_shown(user, given(bpy.context.scene).frame_current)
    path = Path(image.filepath_from_user(image_user=user))
    user.frame_current = before
    return path


def _true_suffix(content: Path | bytes) -> str:
    """The suffix for the format of a file, if it is one that the engine reads."""
    if isinstance(content, Path):
        with content.open("rb") as file:
            start = file.read(12)
    else:
        start = content[:12]
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        return ".webp"
    return next((suffix for beginning, suffix in BEGINNINGS.items() if start.startswith(beginning)), "")


def _as_png(shown: bpy.types.Image, image: bpy.types.Image) -> bytes:
    """What Blender shows as a PNG file. Raises `TttlrmError`, which names `image`, if it shows nothing."""
    width, height = shown.size
    if not width * height:
        raise errors.TttlrmError(
            "Blender cannot read the image “{}”.",
            image.name,
            hint="Save it as JPEG or PNG, then try again.",
            code=errors.Code.BAD_PHOTO,
        )
    pixels = np.empty(width * height * 4, np.float32)
    untyped(shown.pixels).foreach_get(pixels)
    picture = pixels.reshape(height, width, 4)[::-1]  # Blender's rows run upwards
    if shown.is_float:  # linear light, multiplied by alpha
        picture[..., :3] = conversion.encoded(picture[..., :3] / np.maximum(picture[..., 3:], 1e-6))
    with TemporaryDirectory(prefix="tttlrm-") as folder:
        write_picture(Path(folder) / "photo.png", picture)
        return (Path(folder) / "photo.png").read_bytes()
