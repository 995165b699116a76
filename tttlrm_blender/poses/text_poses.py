# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the readers of folders with one text file per pose: `pose/NAME.txt` belongs to the image of the same name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .pose_files import bad_poses, read_text, reading


def pose_folder(intrinsics: Path) -> Path | None:
    """The folder `pose` beside an intrinsics file or beside its folder, or None."""
    places = (intrinsics.parent / "pose", intrinsics.parent.parent / "pose")
    return next((place for place in places if place.is_dir()), None)


def read_numbers(path: Path) -> np.ndarray:
    """All numbers of a text file, [N] float64, which may be infinite. Raises `TttlrmError` ("bad_poses")."""
    words = read_text(path)
    with reading(path):
        return np.array(words.split(), dtype=np.float64)


def read_pose(path: Path) -> np.ndarray:
    """The matrix [4, 4] of a text file, row by row on one line or on four. Raises `TttlrmError` ("bad_poses")."""
    numbers = read_numbers(path)
    if numbers.size != 16:
        raise bad_poses("The pose file {} has {} numbers instead of the 16 of a 4×4 matrix.", path, numbers.size)
    return numbers.reshape(4, 4)
