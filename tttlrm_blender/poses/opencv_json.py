# SPDX-License-Identifier: GPL-3.0-or-later
"""opencv_cameras.json as the released tttLRM program reads it: world-to-camera matrices and pinhole intrinsics per frame."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .json_poses import array, image_extent, image_name, number
from .pose_files import bad_poses, is_invertible
from .views import Lens, Size, View


def opencv_views(poses: Path, content: dict[str, Any]) -> list[View]:
    """The views of a parsed opencv_cameras.json."""
    return [
        View(image_name(frame), poses, partial(_c2w, poses, frame), partial(_lens, poses, frame)) for frame in content["frames"]
    ]


def _c2w(poses: Path, frame: dict[str, Any]) -> np.ndarray:
    w2c = array(poses, frame, "w2c")
    if w2c.shape != (4, 4) or not is_invertible(w2c):
        raise bad_poses("The pose file {} has a w2c of {} that is not an invertible 4×4 matrix.", poses, image_name(frame))
    return np.linalg.inv(w2c)


def _lens(poses: Path, frame: dict[str, Any], size: Size | None) -> Lens:
    width, height = image_extent(poses, frame, size)
    return Lens(round(width), round(height), np.array([number(poses, frame, name) for name in ("fx", "fy", "cx", "cy")]))
