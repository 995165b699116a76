# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary frames: arrays in the safetensors layout, and large arrays split over several frames of bounded size.

A frame is a safetensors file: 8 bytes with the length of the header (little endian), the header as JSON, the raw values.
The header has the dtype, shape and byte range of every array; `__metadata__` holds strings.

A message with arrays is one or several consecutive frames. The metadata of the first contains the message and the names,
dtypes and shapes of its arrays; every frame contains runs of their values, flat and in order, until all are complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite, prod
from typing import Any

import numpy as np

from ..errors import Code, TttlrmError, text

RUN_BYTES = 8 << 20  # bytes of values per frame of a split message
MAX_HEADER = 8 << 20
MAX_FRAME = RUN_BYTES + MAX_HEADER + 8  # largest frame that either side sends or accepts
MAX_RANK = 8
WHOLE = range(-1 << 63, 1 << 64)  # allowed integers in JSON
DTYPES = {
    name: np.dtype(code)
    for name, code in {
        "F64": "<f8",
        "F32": "<f4",
        "F16": "<f2",
        "I64": "<i8",
        "I32": "<i4",
        "I16": "<i2",
        "I8": "i1",
        "U64": "<u8",
        "U32": "<u4",
        "U16": "<u2",
        "U8": "u1",
    }.items()
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}

Buffer = bytes | bytearray | memoryview


def sendable(array: Any) -> np.ndarray:
    """Make an array contiguous and little endian. Raises `TypeError` for dtypes that cannot be sent."""
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<")
    if little not in NAMES:
        raise TypeError(f"arrays of {array.dtype} cannot be sent")
    return np.ascontiguousarray(array, little).reshape(array.shape)


def pack(metadata: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Pack metadata and arrays into one frame."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts, end = [], 0
    for name, array in arrays.items():
        part = sendable(array)
        begin, end = end, end + part.nbytes
        header[name] = {"dtype": NAMES[part.dtype], "shape": list(part.shape), "data_offsets": [begin, end]}
        parts.append(part.reshape(-1).view(np.uint8).data)
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise TttlrmError("The message is too large to be sent.", code=Code.BAD_MESSAGE)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def unpack(frame: Buffer, max_header: int = MAX_HEADER) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Unpack metadata and arrays from one frame; arrays are views of its bytes. Raises `TttlrmError` if it is malformed."""
    length = int.from_bytes(frame[:8], "little")
    if len(frame) < 8 or length > min(max_header, len(frame) - 8):
        raise malformed("its header does not fit")
    header = parse_object(frame[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise malformed("its metadata are not texts")
    return metadata, _views(header, memoryview(frame)[8 + length :])


def _views(header: dict[str, Any], data: memoryview) -> dict[str, np.ndarray]:
    entries = {name: _entry(entry) for name, entry in header.items()}
    reached = 0
    for begin, end in sorted(span for _, _, span in entries.values()):
        if begin != reached:
            raise malformed("its arrays overlap or leave holes")
        reached = end
    if reached != len(data):
        raise malformed("its arrays do not fill it")
    return {name: np.frombuffer(data[begin:end], dtype).reshape(shape) for name, (dtype, shape, (begin, end)) in entries.items()}


def _entry(entry: Any) -> tuple[np.dtype, tuple[int, ...], tuple[int, int]]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise malformed("an array is not described by dtype, shape and data_offsets")
    dtype, shape = array_kind(entry["dtype"], entry["shape"])
    span = entry["data_offsets"]
    if not _is_sizes(span) or len(span) != 2 or span[1] - span[0] != prod(shape) * dtype.itemsize:
        raise malformed("the bytes of an array do not match its shape")
    return dtype, shape, (span[0], span[1])


def array_kind(dtype: Any, shape: Any) -> tuple[np.dtype, tuple[int, ...]]:
    """Validate and convert the dtype and shape in a header."""
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise malformed("it has an array of the unknown kind {}", repr(dtype))
    if not _is_sizes(shape) or len(shape) > MAX_RANK or prod(max(size, 1) for size in shape) >= 1 << 56:
        raise malformed("it has an array of the impossible shape {}", repr(shape))
    return DTYPES[dtype], tuple(shape)


def _is_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def parse_object(text: str | Buffer) -> dict[str, Any]:
    """Parse a JSON object strictly: no repeated names, no NaN, no numbers beyond float64 or 64 bits."""
    try:
        values = json.loads(
            text if isinstance(text, str) else bytes(text).decode(),
            object_pairs_hook=_without_repeats,
            parse_float=_finite,
            parse_int=_whole,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise malformed("it is not JSON") from error
    if not isinstance(values, dict):
        raise malformed("it is not a JSON object")
    return values


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("repeated name")
    return values


def _whole(digits: str) -> int:
    value = int(digits)
    if value not in WHOLE:
        raise ValueError(digits)
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError(digits)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def malformed(template: str, *values: object) -> TttlrmError:
    """The error for a malformed message, from a clause that describes the fault."""
    reason = text(template, *values)
    return TttlrmError(
        "A message cannot be read: {}.", reason, hint="Check that the other side is tttLRM.", code=Code.BAD_MESSAGE
    )


def split(message: str, arrays: Mapping[str, np.ndarray], run_bytes: int = RUN_BYTES) -> Iterator[bytes]:
    """Yield the frames of a message with arrays."""
    sent = {name: sendable(array) for name, array in arrays.items()}
    kinds = {name: [NAMES[array.dtype], list(array.shape)] for name, array in sent.items()}
    metadata = {"message": message, "arrays": json.dumps(kinds)}
    for runs in _runs(sent, run_bytes):
        yield pack(metadata, runs)
        metadata = {}


def _runs(arrays: Mapping[str, np.ndarray], run_bytes: int) -> Iterator[dict[str, np.ndarray]]:
    runs: dict[str, np.ndarray] = {}
    room = run_bytes
    for name, array in arrays.items():
        rest = array.reshape(-1)
        while rest.size:
            count = min(rest.size, room // rest.itemsize)
            if count:
                runs[name], rest = rest[:count], rest[count:]
                room -= runs[name].nbytes
            if rest.size:
                yield runs
                runs, room = {}, run_bytes
    yield runs


class Assembler:
    """Assembles messages from frames: arrays are allocated once at full size, and filled as frames arrive."""

    def __init__(self, max_bytes: int, max_header: int = MAX_HEADER) -> None:
        """`max_bytes` bounds the arrays of one message, `max_header` the header of each of its frames."""
        self._max_bytes, self._max_header = max_bytes, max_header
        self._message: str | None = None
        self._arrays: dict[str, np.ndarray] = {}
        self._filled: dict[str, int] = {}
        self._missing = 0  # number of values of all arrays

    def add(self, frame: Buffer) -> tuple[str, dict[str, np.ndarray]] | None:
        """Add the next frame; returns the message and its arrays once they are complete. Raises `TttlrmError`."""
        metadata, runs = unpack(frame, self._max_header)
        if self._message is None:
            self._open(metadata)
        elif metadata or not runs:
            raise malformed("the arrays of the message before it are not complete")
        for name, run in runs.items():
            self._fill(name, run)
        if self._missing:
            return None
        complete = (self._message or "", self._arrays)
        self._message, self._arrays = None, {}
        return complete

    def _open(self, metadata: dict[str, str]) -> None:
        if set(metadata) != {"message", "arrays"}:
            raise malformed("it carries no message")
        kinds = {name: _declared(kind) for name, kind in parse_object(metadata["arrays"]).items()}
        if sum(prod(shape) * dtype.itemsize for dtype, shape in kinds.values()) > self._max_bytes:
            raise malformed("its arrays are too large")
        self._arrays = {name: np.empty(shape, dtype) for name, (dtype, shape) in kinds.items()}
        self._filled = dict.fromkeys(kinds, 0)
        self._missing = sum(array.size for array in self._arrays.values())
        self._message = metadata["message"]

    def _fill(self, name: str, run: np.ndarray) -> None:
        array = self._arrays.get(name)
        if array is None or run.dtype != array.dtype or run.size > array.size - self._filled[name]:
            raise malformed("it carries values of {!r} that were not announced", name)
        start = self._filled[name]
        array.reshape(-1)[start : start + run.size] = run.reshape(-1)
        self._filled[name] = start + run.size
        self._missing -= run.size


def _declared(kind: Any) -> tuple[np.dtype, tuple[int, ...]]:
    if not isinstance(kind, list) or len(kind) != 2:
        raise malformed("an array is not announced by dtype and shape")
    return array_kind(*kind)
