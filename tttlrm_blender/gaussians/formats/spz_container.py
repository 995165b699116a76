# SPDX-License-Identifier: GPL-3.0-or-later
"""The container of SPZ files (github.com/nianticlabs/spz), which holds the bytes of attributes.

Versions 1 to 3 are one gzip stream: a header of 16 bytes, then one attribute after the other for all splats. Version 4 has an
uncompressed header of 32 bytes, vendor extensions, a table with the packed and the unpacked size of every stream, and one
Zstandard stream for each attribute that is not empty. All values are little-endian.
"""

from __future__ import annotations

import gzip
import io
import logging
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...atomic_files import replacing
from ...errors import TttlrmError, bad_splats, text
from .limits import check_number

MAGIC, GZIP = b"NGSP", b"\x1f\x8b"
HEADER = struct.Struct("<4sIIBBBB")  # magic, version, splats, SH degree, fractional bits, flags, streams of version 4
TABLE_AT = struct.Struct("<I12x")  # the rest of the header in version 4: offset of the table
ENTRY = struct.Struct("<QQ")  # of the table: packed and unpacked bytes
ANTIALIASED, EXTENDED = 1, 2  # the flags of antialiased splats, and of files with vendor extensions
MOST_FRACTIONAL_BITS = 30  # the format's own tools compute in 32 bits
TERMS = (0, 3, 8, 15, 24)  # SH coefficients beyond the constant one, by degree
BEST_COMPRESSION = 1040  # the limit of gzip; Zstandard has none, but reaches it only for identical splats


@dataclass(frozen=True)
class Header:
    """The header of an SPZ file."""

    version: int
    count: int
    degree: int
    fractional_bits: int
    flags: int = 0
    streams: int = 0

    def widths(self) -> list[int]:
        """Bytes per splat of positions, opacities, base colors, scales, rotations and SH coefficients."""
        return [6 if self.version == 1 else 9, 1, 3, 3, 4 if self.version >= 3 else 3, 3 * TERMS[self.degree]]


def read_container(path: Path) -> tuple[Header, list[np.ndarray]]:
    """The header, and the bytes [N, width] of each attribute of `Header.widths`.

    Raises `TttlrmError` when the file is missing, damaged or of another version.
    """
    try:
        with path.open("rb") as file:
            plain = file.read(len(MAGIC)) == MAGIC
            file.seek(0)
            if plain:
                return _read_version_4(path, file)
            with gzip.open(file) as stream:
                return _read_gzip(path, stream)
    except EOFError as error:
        raise _cut(path) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise bad_splats("{} is not an SPZ file, or is damaged.", path) from error
    except OSError as error:
        raise bad_splats("{} cannot be read: {}.", path, error.strerror) from error


def is_spz(path: Path) -> bool:
    """Whether a file is an SPZ file by its content, which may be a gzip stream. Raises `OSError`."""
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        if not start.startswith(GZIP):
            return start == MAGIC
        file.seek(0)
        with suppress(EOFError, gzip.BadGzipFile, zlib.error), gzip.open(file) as stream:
            return stream.read(len(MAGIC)) == MAGIC
    return False


def write_container(path: str | Path, header: Header, parts: list[np.ndarray]) -> None:
    """Write the attributes of `Header.widths` as a file of version 1 to 3. Raises `TttlrmError` when it cannot be written."""
    packed = HEADER.pack(MAGIC, header.version, header.count, header.degree, header.fractional_bits, header.flags, 0)
    with replacing(path) as part, gzip.open(part, "wb", compresslevel=6) as file:
        file.write(packed + b"".join(array.tobytes() for array in parts))


def _read_gzip(path: Path, stream: gzip.GzipFile) -> tuple[Header, list[np.ndarray]]:
    header = _read_header(path, stream, (1, 2, 3))
    return header, [_array(path, stream, header.count, width) for width in header.widths()]


def _read_version_4(path: Path, file: BinaryIO) -> tuple[Header, list[np.ndarray]]:
    header = _read_header(path, file, (4,))
    zstd = _zstandard(path)
    sizes = iter(_packed_sizes(path, file, header))
    arrays = []
    try:
        for width in header.widths():
            # Read from a stream, not all at once: the size that the data claim may be false.
            stream = zstd.open(io.BytesIO(file.read(next(sizes))), "rb") if header.count * width else io.BytesIO()
            arrays.append(_array(path, stream, header.count, width))
            if stream.read(1):
                raise bad_splats("{} is damaged: it contains more data than its splats need.", path)
    except zstd.ZstdError as error:
        raise bad_splats("{} is damaged: its Zstandard streams cannot be unpacked.", path) from error
    return header, arrays


def _read_header(path: Path, stream: gzip.GzipFile | BinaryIO, versions: tuple[int, ...]) -> Header:
    data = stream.read(HEADER.size)
    if len(data) < HEADER.size or data[:4] != MAGIC:
        raise bad_splats("{} is not an SPZ file.", path)
    _, version, count, degree, fractional_bits, flags, streams = HEADER.unpack(data)
    if version not in versions or degree >= len(TERMS):
        raise bad_splats(
            "{} is SPZ version {} with SH degree {}, which cannot be read.",
            path,
            version,
            degree,
            hint="Export it as SPZ version 1 to 4 with an SH degree of 4 or less.",
        )
    header = Header(version, count, degree, fractional_bits, flags, streams)
    # Before anything is unpacked: a damaged header may claim more than fits into memory.
    if count * sum(header.widths()) > path.stat().st_size * BEST_COMPRESSION:
        raise _cut(path)
    check_number(path, count)
    if version > 1 and fractional_bits > MOST_FRACTIONAL_BITS:
        raise bad_splats("{} is damaged: its positions have {} fractional bits.", path, fractional_bits)
    if flags & EXTENDED:
        logging.getLogger(__name__).warning(text("{}: vendor extensions are ignored.", path))
    return header


def _packed_sizes(path: Path, file: BinaryIO, header: Header) -> list[int]:
    """Packed sizes of the streams from the table of version 4; leaves `file` at the first stream."""
    rest = file.read(TABLE_AT.size)
    table_at = TABLE_AT.unpack(rest)[0] if len(rest) == TABLE_AT.size else 0
    file.seek(table_at)
    table = file.read(header.streams * ENTRY.size)
    if table_at < HEADER.size + TABLE_AT.size or len(table) < header.streams * ENTRY.size:
        raise _cut(path)
    packed, unpacked = zip(*ENTRY.iter_unpack(table), strict=True) if table else ((), ())
    if list(unpacked) != [header.count * width for width in header.widths() if header.count * width]:
        raise bad_splats("{} is damaged: its streams do not match its splats.", path)
    if sum(packed) > path.stat().st_size - file.tell():
        raise _cut(path)
    return list(packed)


def _array(path: Path, stream: Any, count: int, width: int) -> np.ndarray:  # [N, width] uint8
    data = stream.read(count * width)
    if len(data) < count * width:
        raise _cut(path)
    return np.frombuffer(data, dtype=np.uint8).reshape(count, width)


def _cut(path: Path) -> TttlrmError:
    return bad_splats("{} ends too early.", path)


def _zstandard(path: Path) -> Any:
    """The module that unpacks Zstandard streams: part of Python from 3.14 on, and mostly bundled with Blender as zstandard."""
    with suppress(ImportError):
        from compression import zstd

        return zstd
    with suppress(ImportError):
        import zstandard

        return zstandard
    hint = "Install the package zstandard, or export the file as SPZ version 3 or as PLY."
    raise bad_splats("{} is SPZ version 4, which this Python cannot unpack.", path, hint=hint)
