# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of scenes that were rendered beforehand: pictures along the path of a camera, exact depth and cameras.

`python -m tools.inside.worlds` renders them in Blender.
"""

from __future__ import annotations

import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import Code, TttlrmError
from ..reading import reading

DAMAGED = "Delete it and render it again."


class Recording(NamedTuple):
    """One scene."""

    images: np.ndarray  # [V, side, side, 3] uint8, sRGB
    depth: np.ndarray  # [V, side, side] float32, z depth at the pixel's center in world units; 0 for the sky
    c2w: np.ndarray  # [V, 4, 4] float32, OpenCV
    intrinsics: np.ndarray  # [V, 4] float32, fx fy cx cy in pixels


def file_of(folder: Path, seed: int, number: int) -> Path:
    """The file of a scene."""
    return folder / f"{seed:03d}-{number:05d}.npz"


def write(path: Path, recording: Recording) -> None:
    """Write a scene. Depth keeps four digits."""
    mantissa, exponent = np.frexp(recording.depth)
    depth = np.ldexp(np.round(mantissa * 2**12) / 2**12, exponent)
    np.savez_compressed(path, **recording._replace(depth=depth.astype(np.float32))._asdict())


def recordings(folder: str | Path) -> tuple[Path, ...]:
    """The files of the scenes in a folder, by name. Raises `TttlrmError` without any."""
    found = tuple(sorted(Path(folder).glob("[0-9]*.npz")))
    if not found:
        raise TttlrmError("There are no recorded scenes in {}.", folder, code=Code.BAD_SETTINGS)
    return found


@cache
def extent(path: Path) -> tuple[int, int]:
    """The number of views of a scene, and the side of its pictures in pixels. Raises `TttlrmError` for any other file."""
    with reading(path, Code.BAD_SETTINGS, DAMAGED), zipfile.ZipFile(path) as stored, stored.open("depth.npy") as array:
        if np.lib.format.read_magic(array) != (1, 0):
            raise ValueError("its arrays are of another kind")
        views, side, _ = np.lib.format.read_array_header_1_0(array)[0]
    return views, side


def read(path: Path) -> Recording:
    """Read a scene. Raises `TttlrmError` for any other file."""
    with reading(path, Code.BAD_SETTINGS, DAMAGED):
        with np.load(path) as stored:
            found = Recording(*(stored[name] for name in Recording._fields))
        views, side, _ = found.depth.shape
        if [part.shape for part in found] != [(views, side, side, 3), (views, side, side), (views, 4, 4), (views, 4)]:
            raise ValueError("the shapes of its arrays do not fit together")
    return found
