# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of ScanNet as its exporter writes them: `color/N.jpg`, `pose/N.txt`, `intrinsic/intrinsic_color.txt`.

Poses are camera-to-world matrices in OpenCV axes, with infinite entries where tracking was lost. Intrinsics are a 4×4 or
3×3 matrix, also found as `intrinsics.txt` or `intrinsic_color.txt` beside the folders.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .pose_files import bad_poses
from .text_poses import read_numbers, read_pose
from .views import Lens, Size, View


def scannet_views(intrinsics: Path, poses: Path) -> list[View]:
    """The views whose poses are in the folder `poses`. Raises `TttlrmError`."""
    matrix = _matrix(intrinsics)
    return [
        View(f"color/{pose.stem}", pose, partial(read_pose, pose), partial(_lens, intrinsics, matrix))
        for pose in sorted(poses.glob("*.txt"))
    ]


def _matrix(path: Path) -> np.ndarray:
    """The intrinsic matrix, [3, 3]."""
    numbers = read_numbers(path)
    if numbers.size not in (9, 16):
        raise bad_poses("The pose file {} has {} numbers instead of a 4×4 or 3×3 matrix.", path, numbers.size)
    side = 3 if numbers.size == 9 else 4
    return numbers.reshape(side, side)[:3, :3]


def _lens(path: Path, matrix: np.ndarray, size: Size | None) -> Lens:
    if size is None:
        raise bad_poses("The pose file {} does not give the size of the images (w and h).", path)
    width, height = size
    if not (0 < matrix[0, 2] < width and 0 < matrix[1, 2] < height):
        raise bad_poses("The pose file {} is for images of a different size than those of {}×{} pixels.", path, width, height)
    return Lens(width, height, np.array([matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]))
