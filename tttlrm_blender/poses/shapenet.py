# SPDX-License-Identifier: GPL-3.0-or-later
"""ShapeNet as rendered for Scene Representation Networks: `rgb/N.png`, `pose/N.txt`, `intrinsics.txt`.

Poses are camera-to-world matrices in OpenCV axes. The first line of `intrinsics.txt` begins with the focal length and the
center in pixels, the last one is the height and the width that they are for; the lines between do not matter here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..photos.photo import Photo
from ..progress import Report
from .posed_photo import Lens, bad_poses, posed_photo
from .text_poses import posed_images, read_pose


def read_shapenet(intrinsics: Path, poses: Path, folder: Path, report: Report) -> list[Photo]:
    """The photos whose poses are in the folder `poses`. Raises `TttlrmError`."""
    lens = _lens(intrinsics)
    found = posed_images(sorted(poses.glob("*.txt")), poses.with_name("rgb"), report)
    return [posed_photo(folder, image, pose, read_pose(pose), lens) for image, pose in found]


def _lens(path: Path) -> Lens:
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        focal, cx, cy = (float(number) for number in lines[0][:3])
        height, width = (round(float(number)) for number in lines[-1])
    except (OSError, ValueError, IndexError, OverflowError):
        raise bad_poses(
            "The pose file {} does not begin with focal length and center and end with height and width.", path
        ) from None
    return Lens(width, height, np.array([focal, focal, cx, cy]))
