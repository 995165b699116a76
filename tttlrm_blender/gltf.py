# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files (binary glTF 2.0): the JSON tree, and accessors into the one buffer as arrays."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .atomic_files import replacing
from .errors import bad_splats

MAGIC = b"glTF"
GENERATOR = "tttLRM for Blender"  # what files of this product say, of other formats too
HEADER, CHUNK = struct.Struct("<4sII"), struct.Struct("<I4s")
JSON, BINARY = b"JSON", b"BIN\0"
ATTRIBUTES, INDICES = 34962, 34963  # glTF's targets of views
TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True)
class Glb:
    """A GLB file and its two parts."""

    path: Path
    tree: dict[str, Any]
    buffer: np.ndarray  # [B] uint8


def read_glb_file(path: Path) -> Glb:
    """The parts of a GLB file, the buffer mapped from it. Raises `TttlrmError` when it is missing or damaged."""
    try:
        content = np.memmap(path, mode="r")
        magic, version, length = HEADER.unpack(content[: HEADER.size].tobytes())
        if magic != MAGIC or version != 2:
            raise bad_splats("{} is not a GLB file of glTF 2.0.", path)
        if length > len(content):
            raise bad_splats("{} ends too early.", path)
        chunks = dict(_chunks(content[:length]))
        tree = json.loads(chunks[JSON].tobytes())
    except OSError as error:
        raise bad_splats("{} cannot be read: {}.", path, error.strerror) from error
    except (ValueError, KeyError, RecursionError, struct.error) as error:
        raise bad_splats("{} is not a GLB file, or is damaged.", path) from error
    if not isinstance(tree, dict):
        raise bad_splats("{} is not a GLB file, or is damaged.", path)
    return Glb(path, tree, chunks.get(BINARY, np.empty(0, dtype=np.uint8)))


def _chunks(content: np.ndarray) -> Iterator[tuple[bytes, np.ndarray]]:
    start = HEADER.size
    while start < len(content):
        length, kind = CHUNK.unpack(content[start : start + CHUNK.size].tobytes())
        start += CHUNK.size
        if length > len(content) - start:
            raise ValueError
        yield kind, content[start : start + length]
        start += length


def read_accessor(glb: Glb, index: int) -> np.ndarray:
    """The values of an accessor, [count, width], normalized integers as floats; sparse ones are filled in.

    Raises `TttlrmError` for data that are compressed or in another file, and `ValueError`, `KeyError`, `IndexError` or
    `TypeError` when the accessor does not fit the buffer.
    """
    accessor = item(glb.tree["accessors"], index)
    kind, width, count = np.dtype(TYPES[accessor["componentType"]]), WIDTHS[accessor["type"]], accessor["count"]
    values = _viewed(glb, accessor, kind, width, count) if "bufferView" in accessor else np.zeros((count, width), kind)
    if "sparse" in accessor:
        sparse, values = accessor["sparse"], values.copy()
        number_kind = np.dtype(TYPES[sparse["indices"]["componentType"]])
        numbers = _viewed(glb, sparse["indices"], number_kind, 1, sparse["count"])[:, 0]
        values[numbers] = _viewed(glb, sparse["values"], kind, width, sparse["count"])
    return np.maximum(values / np.float32(np.iinfo(kind).max), -1) if accessor.get("normalized") else values


def _viewed(glb: Glb, place: dict[str, Any], kind: np.dtype, width: int, count: int) -> np.ndarray:
    """Values [count, width] of the buffer, at a place in one of its views."""
    view = item(glb.tree["bufferViews"], place["bufferView"])
    _check_supported(glb, view)
    start = view.get("byteOffset", 0) + place.get("byteOffset", 0)
    stride = view.get("byteStride", width * kind.itemsize)
    if min(start, count, stride - width * kind.itemsize) < 0:
        raise ValueError
    if count and start + stride * (count - 1) + width * kind.itemsize > len(glb.buffer):
        raise ValueError
    return np.ndarray((count, width), kind, glb.buffer, start, (stride, kind.itemsize)) if count else np.empty((0, width), kind)


def _check_supported(glb: Glb, view: dict[str, Any]) -> None:
    """Raise `TttlrmError` for a view of data that are not plain in this file."""
    if view.get("extensions"):
        hint = "Export it without compression."
        raise bad_splats("{} is compressed with {}, which is not supported.", glb.path, next(iter(view["extensions"])), hint=hint)
    if view["buffer"] != 0 or "uri" in item(glb.tree.get("buffers", [{}]), 0):
        hint = "Export it as one GLB file."
        raise bad_splats("{} keeps its data in other files, which is not supported.", glb.path, hint=hint)


def item(items: list[Any], index: int) -> Any:
    """An item by its index. Raises `IndexError` for negative indices, too."""
    if index < 0:
        raise IndexError
    return items[index]


def write_glb_file(path: str | Path, tree: dict[str, Any], arrays: list[np.ndarray]) -> None:
    """Write a GLB file; see `glb_parts`. Raises `TttlrmError` when it cannot be written."""
    with replacing(path) as part, part.open("wb") as file:
        file.writelines(glb_parts(tree, arrays))


def glb_parts(tree: dict[str, Any], arrays: list[np.ndarray], files: Sequence[np.ndarray] = ()) -> Iterator[bytes]:
    """A tree as the content of a GLB file, piece by piece.

    The accessors, in order, are the arrays [count, width]; integers of fewer than 32 bits are marked as normalized. The
    bufferViews are those of the accessors, then one for each of the files [B] uint8, such as pictures.
    """
    pieces = [*arrays, *files]
    starts = np.cumsum([0, *(_padded(piece.nbytes) for piece in pieces)]).tolist()
    views = [{"buffer": 0, "byteOffset": start, "byteLength": p.nbytes} for start, p in zip(starts, pieces, strict=False)]
    for view, array in zip(views, arrays, strict=False):
        view["target"] = INDICES if array.dtype == np.uint32 else ATTRIBUTES
    accessors = [_accessor(index, array) for index, array in enumerate(arrays)]
    tree = tree | {"buffers": [{"byteLength": starts[-1]}], "bufferViews": views, "accessors": accessors}
    text = json.dumps(tree, separators=(",", ":")).encode()
    text += b" " * (_padded(len(text)) - len(text))
    yield HEADER.pack(MAGIC, 2, HEADER.size + 2 * CHUNK.size + len(text) + starts[-1])
    yield CHUNK.pack(len(text), JSON) + text + CHUNK.pack(starts[-1], BINARY)
    for piece in pieces:
        yield piece.tobytes() + bytes(_padded(piece.nbytes) - piece.nbytes)


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _accessor(index: int, array: np.ndarray) -> dict[str, Any]:
    kind = next(code for code, name in TYPES.items() if np.dtype(name) == array.dtype)
    width = next(name for name, size in WIDTHS.items() if size == array.shape[1])
    accessor = {"bufferView": index, "componentType": kind, "count": len(array), "type": width}
    if array.dtype.kind != "f":
        return accessor | ({"normalized": True} if array.dtype.itemsize < 4 else {})
    return accessor | {name: getattr(array, name)(axis=0).tolist() for name in ("min", "max") if len(array)}
