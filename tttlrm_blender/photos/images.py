# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as arrays: JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC and camera raw, 8 or 16 bits, upright, on white."""

from __future__ import annotations

import struct
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from ..errors import Code, TttlrmError
from ..reading import reading
from . import raw
from .block_mean import block_mean, in_blocks, sum_of
from .color_profile import changes_colors, to_srgb
from .optional_packages import not_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pillow's names of the formats that files may have: none for which it starts other programs, as Ghostscript for EPS.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "BMP", "GIF", "PPM", "TGA", "JPEG2000")
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
TURNS_BACK = {**TURNS, 6: TURNS[8], 8: TURNS[6]}
QUARTER_TURNS = (Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
WIDELY_READ = ("JPEG", "MPO", "PNG", "WEBP", "TIFF")  # Pillow's names
TURNED_BY_ALL = ("AVIF", "HEIF")  # Pillow's names of formats without a stored image that differs from the upright one
LOW_BYTES = {"16B": "16L", "16L": "16B"}  # reading big-endian samples as little-endian yields their other byte
LOW_BYTES["16N"] = "16B" if struct.pack("=H", 1) == struct.pack("<H", 1) else "16L"

Image.MAX_IMAGE_PIXELS = None  # Pillow warns from 89 megapixels on; `_opened` has its own limit
HINT = "Replace it, or remove it from the folder."
_one_large = threading.Lock()


def image_size(path: Path, upright: bool = True) -> tuple[int, int]:
    """Width and height of an image held upright or as stored, in pixels, from its header alone.

    Raises `TttlrmError` ("bad_photo", or "no_package" for files that need a package which is not installed), as do all
    functions of this module.
    """
    if raw.is_raw(path):
        with _faults(path):
            return _bounded(path, raw.raw_size(path, upright))
    with _opened(path) as image:
        sideways = _turn(image, upright) in QUARTER_TURNS
        return (image.height, image.width) if sideways else image.size


def orientation(path: Path) -> int:
    """The EXIF orientation, 1 to 8, in which an upright image differs from the stored one.

    It is 1 for HEIC and AVIF: their orientation is part of the encoding, and no program reads them without applying it.
    """
    if raw.is_raw(path):
        with _faults(path):
            return raw.orientation(path)
    with _opened(path) as image:
        return 1 if image.format in TURNED_BY_ALL else _orientation(image)


def read_widely(path: Path) -> bool:
    """Whether nearly every program can read an image, unlike HEIC, AVIF and camera raw. Raises `TttlrmError`."""
    if raw.is_raw(path):
        return False
    with _opened(path) as image:
        return image.format in WIDELY_READ


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


def read_image(path: Path, upright: bool = True, reduction: int = 1, ground: float = 1.0) -> np.ndarray:
    """One image as [H, W, 3] float32 sRGB, 0 to 1: grays, palettes and CMYK as RGB, transparency on white or another gray.

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
            deep, size = "" if changes_colors(image) else _deep_rawmode(image), image.size
            layers = [_samples(image, upright), *([_low_bytes(path, upright, deep)] if deep else [])]
            if sorted(image.size) != sorted(size):  # known only now; Pillow turns TIFF upright
                raise _bad("The header of the photo {} gives another size than its picture has.", path)
            return sum_of(_opaque(part, ground) for part in _floats(layers, rest)) / np.float32(rest**2)


def read_reduced(path: Path, side: int, upright: bool = True) -> np.ndarray:
    """Read an image for use at a small size: its longest side has at least 2 · `side` pixels, unless the file has fewer."""
    return read_image(path, upright, reduction_for(path, side))


def reduction_for(path: Path, side: int) -> int:
    """The `reduction` of `read_reduced`."""
    size = image_size(path)
    factor = min(max(size) // (2 * side), min(size))  # a strip keeps a pixel across
    return 1 << max(0, factor.bit_length() - 1)


def shrunk(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height shrunk to a longest side of at most `side`."""
    shrink = min(1.0, side / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with _faults(path):
        if _is_heif(path):
            _read_heif(path)
        Image.init()
        with Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN]) as image:
            _bounded(path, image.size)
            if image.format == "TIFF":  # Pillow heeds an orientation in the XMP data for the pixels, but not for the size
                image.info.pop("xmp", None)
            yield image


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Turn any failure with a file into a `TttlrmError`: decoders raise nearly every kind of exception for broken files."""
    with reading(path, Code.BAD_PHOTO, HINT):
        try:
            yield
        except UnidentifiedImageError:
            raise _bad("The photo {} is not a readable image.", path) from None
        except FileNotFoundError:
            raise _bad("The photo {} does not exist.", path) from None
        except OSError as error:  # those of Pillow say what is wrong
            raise _bad("The photo {} cannot be read completely ({}).", path, error.strerror or error) from None


def _bad(template: str, *values: object) -> TttlrmError:
    return TttlrmError(template, *values, hint=HINT, code=Code.BAD_PHOTO)


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
        raise not_installed(path, "pillow-heif") from None
    register_heif_opener()


def _alone_if_large(size: tuple[int, int]) -> threading.Lock | nullcontext:
    return _one_large if size[0] * size[1] > LARGE else nullcontext()


def _turn(image: Image.Image, upright: bool) -> Image.Transpose | None:
    """How to turn what Pillow decodes, so that it is held upright or as stored; Pillow turns TIFF upright itself."""
    if image.format == "TIFF":
        return None if upright else TURNS_BACK.get(_orientation(image))
    return TURNS.get(_orientation(image)) if upright or image.format in TURNED_BY_ALL else None


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; whatever else stands there means nothing."""
    value = _exif(image).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and value in TURNS else 1


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
    turn = _turn(image, upright)  # Pillow forgets a TIFF's orientation on loading
    image.load()
    image = to_srgb(image)
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


def _opaque(image: np.ndarray, ground: float) -> np.ndarray:
    """RGB as it is; RGBA (0 to 1) composited on a gray, 1 for white."""
    if image.shape[2] == 3:
        return image
    return image[..., :3] * image[..., 3:] + ground * (1 - image[..., 3:])


def _read_raw(path: Path, upright: bool, reduction: int) -> np.ndarray:
    with _faults(path), _alone_if_large(size := _bounded(path, raw.raw_size(path))):
        half = all(side % 2 == 0 for side in (*size, reduction))
        developed = raw.develop(path, upright, half)
    return block_mean(developed, reduction // 2 if half else reduction) / 65535
