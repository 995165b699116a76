# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats from and to files of every format: read by what is in them, written by their suffix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import gltf
from ...errors import Code, TttlrmError, bad_splats
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
    """One kind of file. The name is for people, the suffix tells what to write, the magic what to read."""

    name: str
    suffix: str
    magic: tuple[bytes, ...]  # how files begin; empty for those that only their suffix tells
    read: Callable[[str | Path], Gaussians[np.ndarray]]
    write: Callable[[str | Path, Gaussians[np.ndarray], str], None]


PLY = Format("PLY", ".ply", (b"ply",), read_ply, write_ply)
COMPRESSED_PLY = Format("Compressed PLY", ".compressed.ply", (b"ply",), read_ply, write_compressed_ply)
SPZ = Format("SPZ", ".spz", (spz_container.GZIP, spz_container.MAGIC), read_spz, write_spz)
SPLAT = Format("Splat", ".splat", (), read_splat, write_splat)
GLB = Format("GLB", ".glb", (gltf.MAGIC,), read_glb, write_glb)
FORMATS = (COMPRESSED_PLY, PLY, SPZ, SPLAT, GLB)  # longer suffixes before those that they end in
SUFFIXES = (".ply", ".spz", ".splat", ".glb")


def read_splats(path: str | Path) -> Gaussians[np.ndarray]:
    """Numpy splats of a file in any of the formats. Raises `TttlrmError` for other and for broken files."""
    return _format_of(Path(path)).read(path)


def write_splats(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "") -> None:
    """Write numpy splats in the format that the suffix names. `up` is "z" where that is known to point up.

    Raises `TttlrmError` for other suffixes and folders that refuse.
    """
    path = Path(path)
    found = [known for known in FORMATS if path.name.lower().endswith(known.suffix)]
    if not found:
        raise _other(path)
    found[0].write(path, gaussians, up)


def up_axis(path: str | Path) -> str:
    """Which way is up for the splats that `read_splats` gives: "z" where the file tells, otherwise "-y", as is usual."""
    kind = _format_of(Path(path))
    told = kind is GLB or (kind in (PLY, COMPRESSED_PLY) and read_header(Path(path)).up == "z")
    return "z" if told else "-y"


def _format_of(path: Path) -> Format:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise bad_splats("{} cannot be read: {}.", path, error.strerror) from error
    for known in FORMATS:
        if start.startswith(known.magic):
            return known
    if path.suffix.lower() not in SUFFIXES:
        raise _other(path)
    return next(known for known in reversed(FORMATS) if path.suffix.lower() == known.suffix)


def _other(path: Path) -> TttlrmError:
    names = ", ".join(known.suffix for known in FORMATS[:-1])
    return TttlrmError(
        "{} is no splat file: its name does not end in {} or {}.",
        path,
        names,
        FORMATS[-1].suffix,
        hint="Choose one of these.",
        code=Code.BAD_SPLATS,
    )
