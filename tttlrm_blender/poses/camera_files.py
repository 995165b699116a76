# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras for drawing splats, from every file or folder of poses that photos are posed by."""

from __future__ import annotations

from pathlib import Path

from ..geometry.cameras import Cameras
from ..progress import Report
from .posed_photo import cameras_of
from .view_files import named_poses, read_poses


def read_cameras(path: Path, report: Report | None = None) -> tuple[list[str], Cameras]:
    """Names and cameras of a file of poses, a COLMAP model, or a folder that contains either.

    Lens distortion is ignored: the cameras are pinhole cameras. Where the file does not give the size of the images, these
    must lie beside it. `report` gets notes of cameras that are left out. Raises `TttlrmError` ("bad_poses").
    """
    report = report or Report()
    poses = read_poses(named_poses([path], report))
    return cameras_of(poses, poses.home, report)
