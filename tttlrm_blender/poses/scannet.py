# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of ScanNet as its exporter writes them: `color/N.jpg`, `pose/N.txt`, `intrinsic/intrinsic_color.txt`.

Poses are camera-to-world matrices in OpenCV axes, of infinities where tracking was lost. Intrinsics are a 4×4 or a 3×3
matrix, also found as `intrinsics.txt` or `intrinsic_color.txt` beside the folders.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import text
from ..photos.images import image_size
from ..photos.photo import Photo
from ..progress import Report
from .posed_photo import Lens, bad_poses, posed_photo
from .text_poses import posed_images, read_numbers, read_pose


def read_scannet(intrinsics: Path, poses: Path, folder: Path, report: Report) -> list[Photo]:
    """The photos whose poses are in the folder `poses`; lost frames are left out with a note. Raises `TttlrmError`."""
    matrix = _matrix(intrinsics)
    found = [(image, pose, read_pose(pose)) for image, pose in _images(poses, report)]
    kept = [frame for frame in found if np.isfinite(frame[2]).all()]
    _tell_lost(poses, len(found) - len(kept), len(kept), report)
    return [posed_photo(folder, image, pose, c2w, _lens(intrinsics, matrix, image)) for image, pose, c2w in kept]


def _images(poses: Path, report: Report) -> list[tuple[Path, Path]]:
    return posed_images(sorted(poses.glob("*.txt")), poses.with_name("color"), report)


def _tell_lost(poses: Path, lost: int, kept: int, report: Report) -> None:
    if lost and kept < 2:
        raise bad_poses(
            "The pose file {} has lost the camera in {} of {} frames.",
            poses,
            lost,
            lost + kept,
            hint="Choose another part of the scan.",
        )
    if lost:
        report.note(text("The camera was lost in {} of the {} frames of {}; they are left out.", lost, lost + kept, poses))


def _matrix(path: Path) -> np.ndarray:
    """The intrinsic matrix, [3, 3]."""
    numbers = read_numbers(path)
    if numbers.size not in (9, 16):
        raise bad_poses("The pose file {} has {} numbers instead of those of a 4×4 or 3×3 matrix.", path, numbers.size)
    side = 3 if numbers.size == 9 else 4
    return numbers.reshape(side, side)[:3, :3]


def _lens(path: Path, matrix: np.ndarray, image: Path) -> Lens:
    width, height = image_size(image)
    if not (0 < matrix[0, 2] < width and 0 < matrix[1, 2] < height):
        raise bad_poses(
            "The pose file {} is for images of another size than {}, which has {}×{} pixels.", path, image.name, width, height
        )
    return Lens(width, height, np.array([matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]))
