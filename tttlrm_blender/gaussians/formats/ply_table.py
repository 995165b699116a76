# SPDX-License-Identifier: GPL-3.0-or-later
"""PLY files as tables: the header, and the records of one element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured

from ...errors import bad_splats

TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4", "double": "f8"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float32": "f4", "float64": "f8"},
}
BYTE_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}
LONGEST_HEADER = 1 << 20  # bytes
Z_UP = "comment Vertical Axis: z"  # as Nerfstudio writes it; programs name axes other than z without knowing theirs
ANTIALIASED = "comment SplatRenderMode: mip"  # as Brush and SplatTransform write it
RENDER_MODES = {"splatrendermode: mip": True, "splatrendermode: default": False, "antialiased 1": True, "antialiased 0": False}


@dataclass
class Element:
    """One kind of record in a PLY file."""

    name: str
    count: int
    fields: list[tuple[str, str]] = field(default_factory=list)  # name and numpy type
    lists: dict[str, str] = field(default_factory=dict)  # numpy type of the length of each field that is a list


@dataclass
class Header:
    """The header of a PLY file."""

    format: str
    elements: list[Element]
    size: int  # bytes up to the first record
    up: str = ""  # "z" where the file says so
    antialiased: bool = False  # whether the file says so, in the words of Brush or of Postshot

    @property
    def names(self) -> list[str]:
        """The names of the elements."""
        return [element.name for element in self.elements]


def read_header(path: Path) -> Header:
    """The header of a PLY file. Raises `TttlrmError` when the file is missing or is no PLY file."""
    try:
        with path.open("rb") as file:
            return _parse(_header_lines(file), file)
    except OSError as error:
        raise bad_splats("{} cannot be read: {}.", path, error.strerror) from error
    except (ValueError, KeyError, IndexError) as error:
        raise bad_splats("{} is not a PLY file, or its header is damaged.", path) from error


def _header_lines(file: BinaryIO) -> Iterator[list[str]]:
    if file.read(3) != b"ply" or file.readline(3).strip():
        raise ValueError
    while (line := file.readline(LONGEST_HEADER)) and file.tell() < LONGEST_HEADER:
        words = line.decode("ascii", "replace").split()
        if words == ["end_header"]:
            return
        if words and words[0] != "obj_info":
            yield words
    raise ValueError


def _parse(lines: Iterator[list[str]], file: BinaryIO) -> Header:
    header = Header("", [], 0)
    order = ""
    for words in lines:
        if words[0] == "comment":
            comment = " ".join(words).lower()
            header.up = "z" if comment == Z_UP.lower() else header.up
            header.antialiased = RENDER_MODES.get(comment.removeprefix("comment "), header.antialiased)
        elif words[0] == "format":
            header.format = words[1]
            order = BYTE_ORDERS[words[1]]
        elif words[0] == "element":
            header.elements.append(Element(words[1], _count(words[2])))
        elif words[0] == "property" and order:
            _add_property(header.elements[-1], words, order)
        else:
            raise ValueError
    if not order:
        raise ValueError
    header.size = file.tell()
    return header


def comments(up: str, antialiased: bool) -> list[str]:
    """The lines of a header that say which axis points `up`, if that is "z", and that splats are antialiased."""
    return [line for line, said in ((Z_UP, up == "z"), (ANTIALIASED, antialiased)) if said]


def _count(word: str) -> int:
    if not word.isdecimal():
        raise ValueError
    return int(word)


def _add_property(element: Element, words: list[str], order: str) -> None:
    name, kind = words[-1], words[-2]
    element.fields.append((name, order + TYPES[kind]))
    if words[1] == "list":
        element.lists[name] = order + TYPES[words[2]]


def read_element(path: Path, header: Header, name: str) -> np.ndarray:
    """The records of an element without lists: a structured array [N], mapped from the file if it is binary.

    Raises `TttlrmError` when the element is missing or the file ends too early.
    """
    if name not in header.names or header.elements[header.names.index(name)].lists:
        raise bad_splats("{} has no element “{}” of plain numbers.", path, name)
    index = header.names.index(name)
    try:
        if header.format == "ascii":
            return _read_text(path, header, index)
        return _map_records(path, header, index)
    except (ValueError, IndexError) as error:
        raise bad_splats("{} ends too early or is damaged.", path) from error


def _read_text(path: Path, header: Header, index: int) -> np.ndarray:
    element = header.elements[index]
    before = sum(earlier.count for earlier in header.elements[:index])
    if before + element.count > path.stat().st_size:  # a line has at least one byte
        raise ValueError
    with path.open("rb") as file:
        file.seek(header.size)
        written = (line for line in file if line.strip())
        lines = list(islice(written, before, before + element.count))
    if len(lines) < element.count:
        raise ValueError
    if not lines:
        return np.empty(0, dtype=element.fields)
    return np.loadtxt(lines, dtype=element.fields, comments=None, ndmin=1)


def _map_records(path: Path, header: Header, index: int) -> np.ndarray:
    element = header.elements[index]
    start = header.size
    for earlier in header.elements[:index]:
        start = _end_of(path, earlier, start)
    if element.count == 0:
        return np.empty(0, dtype=element.fields)
    if start + element.count * np.dtype(element.fields).itemsize > path.stat().st_size:
        raise ValueError
    return np.memmap(path, dtype=element.fields, mode="r", offset=start, shape=(element.count,))


def _end_of(path: Path, element: Element, start: int) -> int:
    """The offset of the end of an element that starts at `start`. Raises `ValueError` if the file ends before."""
    if not element.lists:
        return start + element.count * np.dtype(element.fields).itemsize
    data = np.memmap(path, mode="r")
    layout = [(element.lists.get(name, ""), np.dtype(kind).itemsize) for name, kind in element.fields]
    for _ in range(element.count):  # each record has a length of at least one byte, so the file bounds the loop
        for length_type, size in layout:
            length = 1
            if length_type:
                length = int(np.frombuffer(data, length_type, 1, start)[0])
                start += np.dtype(length_type).itemsize
            start += length * size
            if length < 0 or start > len(data):
                raise ValueError
    return start


def blocks(
    records: np.ndarray,  # [N], structured
    size: int,
) -> Iterator[np.ndarray]:  # [size or fewer, P] float32
    """The records as plain tables of `size` rows each."""
    for start in range(0, len(records), size):
        yield structured_to_unstructured(records[start : start + size], dtype=np.float32, copy=False)
