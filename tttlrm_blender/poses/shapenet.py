# SPDX-License-Identifier: GPL-3.0-or-later
"""ShapeNet as rendered for Scene Representation Networks: `rgb/N.png`, `pose/N.txt`, `intrinsics.txt`.

Poses are camera-to-world matrices in OpenCV axes. The first line of `intrinsics.txt` begins with the focal length and the
center in pixels, the last is the height and width that they are for; the lines between are ignored.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .pose_files import bad_poses, read_text
from .text_poses import read_pose
from .views import Lens, Size, View


def shapenet_views(intrinsics: Path, poses: Path) -> list[View]:
    """The views whose poses are in the folder `poses`. Raises `TttlrmError`."""
    lens = partial(_same, _lens(intrinsics))
    return [View(f"rgb/{pose.stem}", pose, partial(read_pose, pose), lens) for pose in sorted(poses.glob("*.txt"))]


def _same(lens: Lens, size: Size | None) -> Lens:
    return lens


def _lens(path: Path) -> Lens:
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    try:
        focal, cx, cy = (float(number) for number in lines[0][:3])
        height, width = (round(float(number)) for number in lines[-1])
    except (ValueError, IndexError, OverflowError):
        raise bad_poses(
            "The pose file {} does not begin with focal length and center and end with height and width.", path
        ) from None
    return Lens(width, height, np.array([focal, focal, cx, cy]))
