# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that are opened before their content is changed: otherwise checksums and lengths would hide it from the readers."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

Opened = tuple[bytes, Callable[[bytes], bytes]]  # what is inside, and how to make a file of something else


def plain(content: bytes) -> Opened:
    """Nothing around it."""
    return content, lambda inside: inside


def in_gzip(content: bytes) -> Opened:
    """The unpacked stream."""
    return gzip.decompress(content), lambda inside: gzip.compress(inside, 1)


def in_glb(content: bytes) -> Opened:
    """The tree of a GLB file."""
    length = int.from_bytes(content[12:16], "little")

    def close(inside: bytes) -> bytes:
        inside += b" " * (-len(inside) % 4)
        parts = struct.pack("<I4s", len(inside), b"JSON") + inside + content[20 + length :]
        return b"glTF" + struct.pack("<II", 2, 12 + len(parts)) + parts

    return content[20 : 20 + length], close


def in_safetensors(content: bytes) -> Opened:
    """The header of a safetensors file."""
    length = int.from_bytes(content[:8], "little")
    return content[8 : 8 + length], lambda inside: struct.pack("<Q", len(inside)) + inside + content[8 + length :]


def in_zip(content: bytes) -> Opened:
    """The pickle of a .pt file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    pickled = next(name for name in members if name.endswith("data.pkl"))

    def close(inside: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in (members | {pickled: inside}).items():
                archive.writestr(name, data)
        return file.getvalue()

    return members[pickled], close


def in_png(content: bytes) -> Opened:
    """The whole file, whose checksums are made right again."""

    def close(inside: bytes) -> bytes:
        start, closed = 8, inside[:8]
        while start + 8 <= len(inside):
            length, kind = struct.unpack_from(">I4s", inside, start)
            data = inside[start + 8 : start + 8 + length]
            closed += struct.pack(">I4s", length, kind) + data + struct.pack(">I", zlib.crc32(kind + data))
            start += 12 + length
        return closed

    return content, close
