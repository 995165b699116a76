# SPDX-License-Identifier: GPL-3.0-or-later
"""opencv_cameras.json as the released tttLRM program reads it: world-to-camera matrices and pinhole intrinsics per frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..photos.photo import Photo
from ..progress import Report
from .json_poses import array, named_images, number
from .posed_photo import Lens, bad_poses, posed_photo
from .turns import settled, size_around


def read_opencv_cameras(poses: Path, folder: Path, content: dict[str, Any], report: Report) -> list[Photo]:
    """The photos of a parsed opencv_cameras.json. Raises `TttlrmError`."""
    found = named_images(poses, folder, content["frames"], report)
    return settled(poses, [_photo(poses, folder, path, frame) for path, frame in found], False, report)


def _photo(poses: Path, folder: Path, path: Path, frame: dict[str, Any]) -> Photo:
    w2c = array(poses, frame, "w2c")
    if w2c.shape != (4, 4) or not np.isfinite(w2c).all() or abs(np.linalg.det(w2c)) < 1e-12:
        raise bad_poses("The pose file {} has a w2c of {} that is not an invertible 4×4 matrix.", poses, path.name)
    intrinsics = np.array([number(poses, frame, name) for name in ("fx", "fy", "cx", "cy")])
    width, height = size_around(path, (intrinsics[2], intrinsics[3]))
    width, height = round(number(poses, frame, "w", width)), round(number(poses, frame, "h", height))
    return posed_photo(folder, path, poses, np.linalg.inv(w2c), Lens(width, height, intrinsics))
