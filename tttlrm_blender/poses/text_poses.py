# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readers of folders with one text file per pose share: `pose/NAME.txt` belongs to the image of the same name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..photos.images import SUFFIXES
from ..progress import Report
from .posed_photo import bad_poses, tell_missing, with_headers


def pose_folder(intrinsics: Path) -> Path | None:
    """The folder `pose` beside an intrinsics file, or beside the folder that it is in; None without one."""
    places = (intrinsics.parent / "pose", intrinsics.parent.parent / "pose")
    return next((place for place in places if place.is_dir()), None)


def read_numbers(path: Path) -> np.ndarray:
    """All numbers of a text file in a row, [N] float64, infinities among them. Raises `TttlrmError` ("bad_poses")."""
    try:
        return np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
    except (OSError, ValueError) as error:
        raise bad_poses("The pose file {} cannot be read ({}).", path, error) from None


def read_pose(path: Path) -> np.ndarray:
    """The matrix [4, 4] of a text file, row by row on one line or on four. Raises `TttlrmError` ("bad_poses")."""
    numbers = read_numbers(path)
    if numbers.size != 16:
        raise bad_poses("The pose file {} has {} numbers instead of the 16 of a 4×4 matrix.", path, numbers.size)
    return numbers.reshape(4, 4)


def posed_images(poses: list[Path], images: Path, report: Report) -> list[tuple[Path, Path]]:
    """Image files of the folder `images` with the pose files of the same name; `tell_missing` deals with missing images."""
    by_stem = {path.stem: path for path in sorted(images.glob("*")) if path.suffix.lower() in SUFFIXES}
    found = [(by_stem[pose.stem], pose) for pose in poses if pose.stem in by_stem]
    missing = [pose.stem for pose in poses if pose.stem not in by_stem]
    tell_missing(poses[0].parent if poses else images, missing, len(found), report)
    return with_headers(found, report)
