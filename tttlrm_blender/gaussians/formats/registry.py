# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing of splats in every format, recognized by content when read and by suffix when written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import gltf
from ...atomic_files import require_file
from ...errors import Code, Text, TttlrmError, as_text, bad_splats
from ...reading import reading
from ..gaussians import Gaussians
from . import spz_container
from .glb import read_glb, write_glb
from .ply import read_ply, write_ply
from .ply_compressed import write_compressed_ply
from .ply_table import read_header
from .splat import read_splat, write_splat
from .spz import read_spz, write_spz


@dataclass(frozen=True)
class Format:
    """A file format. The name is for people, the suffix determines the format to write, the magic that to read."""

    name: str
    suffix: str
    magic: tuple[bytes, ...]  # first bytes of files; empty for formats recognized by their suffix only
    read: Callable[[str | Path], Gaussians[np.ndarray]]
    write: Callable[[str | Path, Gaussians[np.ndarray], str], None]


PLY = Format("PLY", ".ply", (b"ply\n", b"ply\r", b"ply "), read_ply, write_ply)
COMPRESSED_PLY = Format("Compressed PLY", ".compressed.ply", PLY.magic, read_ply, write_compressed_ply)
SPZ = Format("SPZ", ".spz", (spz_container.GZIP, spz_container.MAGIC), read_spz, write_spz)
SPLAT = Format("Splat", ".splat", (), read_splat, write_splat)
GLB = Format("GLB", ".glb", (gltf.MAGIC,), read_glb, write_glb)
FORMATS = (COMPRESSED_PLY, PLY, SPZ, SPLAT, GLB)  # longer suffixes before the shorter ones that they end in
SUFFIXES = (".ply", ".spz", ".splat", ".glb")


def read_splats(path: str | Path) -> Gaussians[np.ndarray]:
    """Numpy splats from a file in any of the formats. Raises `TttlrmError` for other or damaged files."""
    with reading(Path(path), Code.BAD_SPLATS):
        return _format_of(Path(path)).read(path)


def write_splats(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "") -> None:
    """Write numpy splats in the format of the suffix. `up` is "z" if the z axis is known to point up.

    Raises `TttlrmError` for other suffixes, and when the file cannot be written.
    """
    path = Path(path)
    _format_for(path).write(path, gaussians, up)


@contextmanager
def noted() -> Iterator[list[Text]]:
    """Collect the warnings that are logged while splats are read or written."""
    notes: list[Text] = []
    handler = _Noting(notes)
    logger = logging.getLogger(__package__)
    logger.addHandler(handler)
    try:
        yield notes
    finally:
        logger.removeHandler(handler)


class _Noting(logging.Handler):
    """Adds warnings of this thread to a list."""

    def __init__(self, notes: list[Text]) -> None:
        super().__init__(logging.WARNING)
        self.notes, self.thread = notes, threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.notes.append(as_text(record.msg))


def require_target(path: Path) -> None:
    """Check that splats could be written to a file. Raises `TttlrmError` as `write_splats` would."""
    _format_for(path)
    require_file(path)


def up_axis(path: str | Path) -> str:
    """The up axis of the splats from `read_splats`: "z" if the file says so, otherwise the usual "-y"."""
    with reading(Path(path), Code.BAD_SPLATS):
        kind = _format_of(Path(path))
        z_up = kind is GLB or (kind in (PLY, COMPRESSED_PLY) and read_header(Path(path)).up == "z")
        return "z" if z_up else "-y"


def _format_for(path: Path) -> Format:
    """The format to write."""
    found = next((known for known in FORMATS if path.name.lower().endswith(known.suffix)), None)
    if found is None:
        raise _other(path)
    return found


def _format_of(path: Path) -> Format:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        # The magic of gzip alone is too short: a .splat file may begin with the same two bytes.
        found = [known for known in FORMATS if start.startswith(known.magic) and (known is not SPZ or spz_container.is_spz(path))]
    except OSError as error:
        raise bad_splats("{} cannot be read: {}.", path, error.strerror) from error
    if found:
        return found[0]
    if path.suffix.lower() not in SUFFIXES:
        raise _other(path)
    return next(known for known in reversed(FORMATS) if path.suffix.lower() == known.suffix)


def _other(path: Path) -> TttlrmError:
    names = ", ".join(known.suffix for known in FORMATS[:-1])
    return TttlrmError(
        "{} is not a splat file: its name does not end in {} or {}.",
        path,
        names,
        FORMATS[-1].suffix,
        hint="Choose a file with one of these endings.",
        code=Code.BAD_SPLATS,
    )
