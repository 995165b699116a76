# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as arrays: JPEG, PNG, WebP and TIFF, 8 or 16 bits, upright, on white."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ..errors import TttlrmError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
LOW_BYTES = {"16B": "16L", "16L": "16B"}  # reading big-endian samples as little-endian ones yields their other byte
LOW_BYTES["16N"] = "16B" if struct.pack("=H", 1) == struct.pack("<H", 1) else "16L"


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image held upright, in pixels, from its header alone. Raises `TttlrmError` ("bad_photo")."""
    with _opened(path) as image:
        sideways = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5 and image.format != "TIFF"  # Pillow turns TIFF
        return (image.height, image.width) if sideways else image.size


def has_transparency(path: Path) -> bool:
    """Whether an image could have transparent pixels, from its header alone. Raises `TttlrmError` ("bad_photo")."""
    with _opened(path) as image:
        return _transparent(image)


def focal_length(path: Path) -> float:
    """The focal length in mm of 35 mm film that the EXIF data tells, or 0. Raises `TttlrmError` ("bad_photo")."""
    with _opened(path) as image:
        return float(image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm) or 0)


def read_image(path: Path, upright: bool = True) -> np.ndarray:
    """One image as [H, W, 3] float32 sRGB, 0 to 1: greys, palettes and CMYK as RGB, transparency on white.

    `upright` obeys the EXIF orientation; otherwise pixels come as they are stored. Raises `TttlrmError` ("bad_photo").
    """
    with _opened(path) as image:
        deep = _deep_rawmode(image)
        samples = _samples(image, upright)
    if deep:
        with _opened(path) as image:
            image.tile = [tile._replace(args=_with_rawmode(tile.args, deep)) for tile in image.tile]  # type: ignore[attr-defined]
            samples = (256 * samples.astype(np.float32) + _samples(image, upright)) / 257
    return _on_white(samples.astype(np.float32) / 255)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except UnidentifiedImageError:
        raise _bad(path, "is not an image that can be read") from None
    except FileNotFoundError:
        raise _bad(path, "does not exist") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise _bad(path, f"cannot be read to its end ({error})") from None


def _bad(path: Path, what: str) -> TttlrmError:
    return TttlrmError(f"The photo {path} {what}.", "Replace it or take it out of the folder.", "bad_photo")


def _samples(image: Image.Image, upright: bool) -> np.ndarray:
    """The pixels, [H, W, 3 or 4] on a scale of 0 to 255; grey of 16 bits keeps its fraction."""
    image.load()
    image = ImageOps.exif_transpose(image) if upright else image
    if image.mode.startswith("I"):
        return np.repeat(np.asarray(image).astype(np.float32)[..., None] / 257, 3, axis=2)
    return np.asarray(image.convert("RGBA" if _transparent(image) else "RGB"))


def _transparent(image: Image.Image) -> bool:
    return "A" in image.mode or "a" in image.mode or "transparency" in image.info


def _deep_rawmode(image: Image.Image) -> str:
    """The raw mode in which the low bytes of 16-bit colour are read, or "" for other images.

    Pillow keeps only the high byte of 16-bit colour, so such a file is decoded twice.
    """
    tiles = getattr(image, "tile", [])
    args = tiles[0].args if tiles else ""
    rawmode = args if isinstance(args, str) else str(args[0]) if args else ""
    channels, _, order = rawmode.partition(";")
    return f"{channels};{LOW_BYTES[order]}" if channels in ("RGB", "RGBA") and order in LOW_BYTES else ""


def _with_rawmode(args: str | tuple, rawmode: str) -> str | tuple:
    return rawmode if isinstance(args, str) else (rawmode, *args[1:])


def _on_white(image: np.ndarray) -> np.ndarray:
    """RGB as it is; RGBA (0 to 1) composited on white."""
    if image.shape[2] == 3:
        return image
    return image[..., :3] * image[..., 3:] + (1 - image[..., 3:])
