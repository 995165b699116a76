# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as arrays: JPEG, PNG, WebP, TIFF, AVIF, HEIC and camera raw, 8 or 16 bits, upright, on white."""

from __future__ import annotations

import struct
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from ..errors import Code, TttlrmError
from . import raw
from .block_mean import block_mean, in_blocks, sum_of
from .optional_packages import not_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

HEIF = (".heic", ".heif", ".hif")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", *HEIF, *raw.SUFFIXES)
# What files may be, whatever they are called: nothing that is a program, as EPS is, which Pillow has Ghostscript run.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "BMP", "GIF", "PPM", "TGA")
MOST_PIXELS = 500_000_000
LARGE = 50_000_000  # pixels; such images are decoded one at a time, because each may take gigabytes
DRAFTED = 4_000_000  # pixels above which JPEG is decoded at a reduced size, which is a little sharper than block means
TURNS = {  # by EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LOW_BYTES = {"16B": "16L", "16L": "16B"}  # reading big-endian samples as little-endian yields their other byte
LOW_BYTES["16N"] = "16B" if struct.pack("=H", 1) == struct.pack("<H", 1) else "16L"

Image.MAX_IMAGE_PIXELS = None  # Pillow warns from 89 megapixels on; `_opened` has its own limit
_one_large = threading.Lock()


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image held upright, in pixels, from its header alone.

    Raises `TttlrmError` ("bad_photo", or "no_package" for files that need a package which is not installed), as do all
    functions of this module.
    """
    if raw.is_raw(path):
        with _faults(path):
            return _bounded(path, raw.raw_size(path))
    with _opened(path) as image:
        return (image.height, image.width) if _orientation(image) >= 5 else image.size


def has_transparency(path: Path) -> bool:
    """Whether an image could have transparent pixels, from its header alone. Raises `TttlrmError`."""
    if raw.is_raw(path):
        return False
    with _opened(path) as image:
        return _transparent(image)


def read_exif(path: Path) -> Image.Exif:
    """The EXIF data of an image, with the parts `Exif` and `GPSInfo`; empty where they cannot be read."""
    try:
        with _opened(path) as image:
            exif = _exif(image)
            for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                exif.get_ifd(part)
            return exif
    except TttlrmError:
        return Image.Exif()


def focal_length(path: Path) -> float:
    """The 35 mm equivalent focal length in mm from the EXIF data, or 0. Raises `TttlrmError`."""
    try:
        with _opened(path) as image:
            return float(_exif(image).get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm) or 0)
    except TttlrmError:
        if raw.is_raw(path):  # only some raw formats are TIFF files, which Pillow opens
            return 0.0
        raise


def read_image(path: Path, upright: bool = True, reduction: int = 1) -> np.ndarray:
    """One image as [H, W, 3] float32 sRGB, 0 to 1: grays, palettes and CMYK as RGB, transparency on white.

    `upright` applies the EXIF orientation; otherwise pixels come as stored. With a `reduction` they are the means of blocks of
    so many pixels in width and height; incomplete blocks on the right and at the bottom are dropped.
    Raises `TttlrmError`.
    """
    if raw.is_raw(path):
        return _read_raw(path, upright, reduction)
    with _opened(path) as image:
        if image.mode == "F":
            raise _bad("The photo {} has floating-point pixels, whose white level is unknown.", path)
        rest = reduction // _draft(image, reduction)
        with _alone_if_large(image.size):
            deep = _deep_rawmode(image)
            layers = [_samples(image, upright), *([_low_bytes(path, upright, deep)] if deep else [])]
            return sum_of(_on_white(part) for part in _floats(layers, rest)) / np.float32(rest**2)


def read_reduced(path: Path, side: int, upright: bool = True) -> np.ndarray:
    """Read an image for use at a small size: its longest side has at least 2 · `side` pixels, unless the file has fewer."""
    longest = max(image_size(path))
    return read_image(path, upright, 1 << max(0, (longest // (2 * side)).bit_length() - 1))


def shrunk(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height shrunk to a longest side of at most `side`."""
    shrink = min(1.0, side / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with _faults(path):
        if _is_heif(path):
            _read_heif(path)
        with Image.open(path, formats=_formats()) as image:
            _bounded(path, image.size)
            yield image


def _formats() -> list[str]:
    """Those of FORMATS that Pillow reads, HEIF once it is registered."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Turn any failure with a file into a `TttlrmError`: decoders raise nearly every kind of exception for broken files."""
    try:
        yield
    except TttlrmError:
        raise
    except UnidentifiedImageError:
        raise _bad("The photo {} is not a readable image.", path) from None
    except FileNotFoundError:
        raise _bad("The photo {} does not exist.", path) from None
    except Exception as error:
        raise _bad("The photo {} cannot be read completely ({}).", path, str(error) or type(error).__name__) from None


def _bad(template: str, *values: object) -> TttlrmError:
    return TttlrmError(template, *values, hint="Replace it, or remove it from the folder.", code=Code.BAD_PHOTO)


def _bounded(path: Path, size: tuple[int, int]) -> tuple[int, int]:
    if size[0] * size[1] > MOST_PIXELS:
        raise _bad(
            "The photo {} has {}×{} pixels, more than the {} million that can be read.",
            path,
            size[0],
            size[1],
            MOST_PIXELS // 10**6,
        )
    return size


def _is_heif(path: Path) -> bool:
    """Whether a file is HEIC or HEIF by its first bytes, not its name: phones export such files as .jpg."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:12] not in (b"avif", b"avis")


def _read_heif(path: Path) -> None:
    """Let Pillow open HEIC files."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise not_installed(path, "pillow-heif", "formats") from None
    register_heif_opener()


def _alone_if_large(size: tuple[int, int]) -> threading.Lock | nullcontext:
    return _one_large if size[0] * size[1] > LARGE else nullcontext()


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation still to be applied, 1 to 8; Pillow turns TIFF itself."""
    return 1 if image.format == "TIFF" else _exif(image).get(ExifTags.Base.Orientation, 1)


def _exif(image: Image.Image) -> Image.Exif:
    """The EXIF data of the header. For PNG Pillow would decode the whole image to look for EXIF data after it."""
    return Image.Image.getexif(image) if image.format == "PNG" else image.getexif()


def _draft(image: Image.Image, reduction: int) -> int:
    """Ask the decoder of a large JPEG for a reduced size; return its factor, a divisor of `reduction`.

    Blocks must fill the image exactly: incomplete ones at the edges would shift the others when the image is turned upright.
    """
    width, height = image.size
    if width * height <= DRAFTED:
        return 1
    factor = next((f for f in (8, 4, 2) if reduction % f == width % f == height % f == 0), 1)
    image.draft(None, (width // factor, height // factor))
    return width // image.width


def _samples(image: Image.Image, upright: bool) -> np.ndarray:
    """The pixels, [H, W, 3 or 4] from 0 to 255; 16-bit gray keeps its fraction."""
    turn = TURNS.get(_orientation(image)) if upright else None
    image.load()
    image = image if turn is None else image.transpose(turn)
    if image.mode.startswith("I"):
        return np.repeat(np.asarray(image).astype(np.float32).clip(0, 65535)[..., None] / 257, 3, axis=2)
    mode = "RGBA" if _transparent(image) else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _transparent(image: Image.Image) -> bool:
    return "A" in image.mode or "a" in image.mode or "transparency" in image.info


def _deep_rawmode(image: Image.Image) -> str:
    """Pillow's raw mode for reading the low bytes of 16-bit color, or "" for other images.

    Pillow keeps only the high byte of 16-bit color, so such a file is decoded twice.
    """
    tiles = getattr(image, "tile", [])
    args = tiles[0].args if tiles else ""
    rawmode = args if isinstance(args, str) else str(args[0]) if args else ""
    channels, _, order = rawmode.partition(";")
    return f"{channels};{LOW_BYTES[order]}" if channels in ("RGB", "RGBA") and order in LOW_BYTES else ""


def _low_bytes(path: Path, upright: bool, rawmode: str) -> np.ndarray:
    """The low bytes of 16-bit color, [H, W, 3 or 4] uint8."""
    with _opened(path) as image:
        image.tile = [tile._replace(args=_with_rawmode(tile.args, rawmode)) for tile in image.tile]  # type: ignore[attr-defined]
        return _samples(image, upright)


def _with_rawmode(args: str | tuple, rawmode: str) -> str | tuple:
    return rawmode if isinstance(args, str) else (rawmode, *args[1:])


def _floats(layers: list[np.ndarray], factor: int) -> Iterator[np.ndarray]:
    """Every factor-th pixel, 0 to 1, once for each position in a block, from all bytes (or the high and the low ones)."""
    for high, *low in zip(*(in_blocks(layer, factor) for layer in layers), strict=True):
        samples = (256 * high.astype(np.float32) + low[0]) / 257 if low else high.astype(np.float32)
        yield samples / 255


def _on_white(image: np.ndarray) -> np.ndarray:
    """RGB as it is; RGBA (0 to 1) composited on white."""
    if image.shape[2] == 3:
        return image
    return image[..., :3] * image[..., 3:] + (1 - image[..., 3:])


def _read_raw(path: Path, upright: bool, reduction: int) -> np.ndarray:
    with _faults(path), _alone_if_large(size := _bounded(path, raw.raw_size(path))):
        half = all(side % 2 == 0 for side in (*size, reduction))
        developed = raw.develop(path, upright, half)
    return block_mean(developed, reduction // 2 if half else reduction) / 65535
