# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats from and to files of either format, told apart by their suffix."""

from __future__ import annotations

from pathlib import Path

from ..errors import TttlrmError
from .gaussians import Gaussians
from .ply import read_ply, write_ply
from .spz import read_spz, write_spz

READERS = {".ply": read_ply, ".spz": read_spz}
WRITERS = {".ply": write_ply, ".spz": write_spz}


def read_splats(path: str | Path) -> Gaussians:
    """Numpy splats of a .ply or .spz file. Raises `TttlrmError` for other suffixes and broken files."""
    return READERS[_suffix(path)](path)


def write_splats(path: str | Path, gaussians: Gaussians) -> None:
    """Write numpy splats to a .ply or .spz file. Raises `TttlrmError` for other suffixes and folders that refuse."""
    WRITERS[_suffix(path)](path, gaussians)


def _suffix(path: str | Path) -> str:
    path = Path(path)
    if path.suffix.lower() not in READERS:
        sentence = f"{path} is no splat file: {path.name} is neither a .ply nor a .spz file."
        raise TttlrmError(sentence, "Choose one of the two.", "bad_splats")
    return path.suffix.lower()
