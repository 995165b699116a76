# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as rendered for Zero-1-to-3, Google Scanned Objects among them: `000.png` with its camera `000.npy`, and so on.

The arrays are world-to-camera matrices [3, 4] in Blender's camera axes (x right, y up, z back). The lens is told nowhere:
it is the 35 mm on a sensor of 32 mm of the script that makes such folders.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..geometry.cameras import OPENGL_AXES
from ..photos.images import image_size
from ..photos.photo import Photo
from ..progress import Report
from .posed_photo import Lens, bad_poses, posed_photo
from .text_poses import posed_images

LENS, SENSOR = 35.0, 32.0  # mm


def read_numbered(folder: Path, below: Path, report: Report) -> list[Photo]:
    """The photos of `folder`, named as paths below `below`. Raises `TttlrmError`."""
    arrays = sorted(path for path in folder.glob("*.npy") if path.stem.isdecimal())
    return [_photo(below, image, array) for image, array in posed_images(arrays, folder, report)]


def _photo(below: Path, image: Path, array: Path) -> Photo:
    width, height = image_size(image)
    focal = LENS / SENSOR * max(width, height)
    lens = Lens(width, height, np.array([focal, focal, width / 2, height / 2]))
    return posed_photo(below, image, array, np.linalg.inv(_w2c(array)) @ OPENGL_AXES, lens)


def _w2c(path: Path) -> np.ndarray:
    """World to camera, [4, 4]."""
    try:
        matrix = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise bad_poses("The pose file {} cannot be read ({}).", path, error) from None
    number = isinstance(matrix, np.ndarray) and matrix.dtype.kind in "fiu" and matrix.shape in ((3, 4), (4, 4))
    if not number or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
        raise bad_poses("The pose file {} is not an invertible 3×4 matrix of finite numbers.", path)
    return np.vstack([matrix[:3], [0.0, 0.0, 0.0, 1.0]])
