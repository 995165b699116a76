# SPDX-License-Identifier: GPL-3.0-or-later
"""A small writer of SPZ files of version 4, which the product only reads."""

import gzip
import itertools
import struct

import numpy as np
import zstandard

NO_HARMONICS = [9, 1, 3, 3, 4]  # bytes of a splat's attributes before its SH coefficients


def container(
    splats: int,
    degree: int,
    bits: int,
    streams: list[bytes],
    sizes: list[int],
    extensions: bytes = b"",
    table_at: int | None = None,
) -> bytes:
    """A file of version 4 with packed streams and, in its table, these unpacked sizes."""
    where = 32 + len(extensions) if table_at is None else table_at
    header = struct.pack("<4sIIBBBBI12x", b"NGSP", 4, splats, degree, bits, 2 if extensions else 0, len(streams), where)
    table = b"".join(struct.pack("<QQ", len(stream), size) for stream, size in zip(streams, sizes, strict=True))
    return header + extensions + table + b"".join(streams)


def attributes(version_3: bytes) -> tuple[int, int, int, list[bytes]]:
    """Number, degree, fractional bits and the attributes of a file of version 3."""
    data = gzip.decompress(version_3)
    count, degree, bits = struct.unpack_from("<IBB", data, 8)
    widths = [*NO_HARMONICS, 3 * ((degree + 1) ** 2 - 1)]
    ends = np.cumsum([16, *(count * width for width in widths)])
    return count, degree, bits, [data[start:end] for start, end in itertools.pairwise(ends)]


def version_4(version_3: bytes, extensions: bytes = b"", checksums: bool = False) -> bytes:
    """The same contents as version 4."""
    count, degree, bits, parts = attributes(version_3)
    parts = [part for part in parts if part]
    pack = zstandard.ZstdCompressor(level=12, write_checksum=checksums).compress
    return container(count, degree, bits, [pack(part) for part in parts], [len(part) for part in parts], extensions)
