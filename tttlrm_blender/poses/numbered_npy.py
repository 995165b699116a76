# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as rendered for Zero-1-to-3, Google Scanned Objects among them: `000.png` with its camera `000.npy`, and so on.

The arrays are world-to-camera matrices [3, 4] in Blender's camera axes (x right, y up, z back). The files do not
give the lens: it is 35 mm on a 32 mm sensor in the script that renders such folders.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ..geometry.cameras import OPENGL_AXES
from .pose_files import FARTHEST, bad_poses, is_invertible, reading
from .views import Lens, Size, View

LENS, SENSOR = 35.0, 32.0  # mm


def numbered_views(folder: Path) -> list[View]:
    """The views of the numbered arrays in a folder."""
    arrays = sorted(path for path in folder.glob("*.npy") if path.stem.isdecimal())
    return [View(path.stem, path, partial(_c2w, path), partial(_lens, path)) for path in arrays]


def _lens(path: Path, size: Size | None) -> Lens:
    if size is None:
        raise bad_poses("The pose file {} does not give the size of the images (w and h).", path)
    width, height = size
    focal = LENS / SENSOR * max(width, height)
    return Lens(width, height, np.array([focal, focal, width / 2, height / 2]))


def _c2w(path: Path) -> np.ndarray:
    """Camera to world, [4, 4], OpenCV axes."""
    with reading(path), np.errstate(over="ignore"):  # the header may claim any size
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)  # a mapping is never larger than the file
    number = isinstance(matrix, np.ndarray) and matrix.dtype.kind in "fiu" and matrix.shape in ((3, 4), (4, 4))
    if not number or not (np.abs(matrix) < FARTHEST).all() or not is_invertible(matrix[:3, :3]):
        raise bad_poses("The pose file {} is not an invertible 3×4 matrix of finite numbers.", path)
    return np.linalg.inv(np.vstack([matrix[:3], [0.0, 0.0, 0.0, 1.0]])) @ OPENGL_AXES
