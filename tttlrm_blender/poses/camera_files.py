# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras without photos: where to draw splats from."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..geometry.cameras import OPENGL_AXES, Cameras
from .json_poses import array, number, read_frames
from .posed_photo import bad_poses


def read_cameras(path: Path) -> tuple[list[str], Cameras]:
    """Names and cameras of a cameras.json as `tttlrm reconstruct` writes it, or of a transforms.json that tells image sizes.

    Lens distortion is left out: pictures are those of pinhole cameras. Raises `TttlrmError` ("bad_poses").
    """
    content = _content(path)
    names, cameras = _own(path, content) if "c2w" in content else _transforms(path)
    sound = np.isfinite(cameras.c2w).all() and np.isfinite(cameras.intrinsics).all() and (cameras.sizes > 0).all()
    if not sound or cameras.c2w.shape[1:] != (4, 4) or cameras.intrinsics.shape[1:] != (4,):
        raise bad_poses("The pose file {} has cameras with impossible poses, focal lengths or sizes.", path)
    return names, cameras


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise bad_poses("The pose file {} cannot be read ({}).", path, error) from None
    if not isinstance(content, dict):
        raise bad_poses("The pose file {} has no cameras.", path)
    return content


def _own(path: Path, content: dict[str, Any]) -> tuple[list[str], Cameras]:
    try:
        kinds = {"c2w": np.float64, "intrinsics": np.float64, "sizes": np.int64}
        cameras = Cameras(**{name: np.array(content[name], kind) for name, kind in kinds.items()})
        names = [str(name) for name in content["names"]]
        if not len(names) == len(cameras.c2w) == len(cameras.intrinsics) == len(cameras.sizes) > 0:
            raise ValueError("lists of different lengths")
    except (KeyError, TypeError, ValueError) as error:
        raise bad_poses("The pose file {} does not list its cameras properly ({}).", path, error) from None
    return names, cameras


def _transforms(path: Path) -> tuple[list[str], Cameras]:
    content = read_frames(path)
    frames = [{**content, **frame} for frame in content["frames"]]
    names = [str(frame.get("file_path", f"{index:04}")) for index, frame in enumerate(frames)]
    poses = np.stack([array(path, frame, "transform_matrix") for frame in frames]) @ OPENGL_AXES
    sizes = np.array([[number(path, frame, "w"), number(path, frame, "h")] for frame in frames])
    if not np.isfinite(sizes).all():
        raise bad_poses("The pose file {} does not tell the size of the images (w and h).", path)
    intrinsics = np.array([_intrinsics(path, frame) for frame in frames])
    return names, Cameras(poses, intrinsics, sizes.round().astype(np.int64))


def _intrinsics(path: Path, frame: dict[str, Any]) -> list[float]:
    width, height = number(path, frame, "w"), number(path, frame, "h")
    field = number(path, frame, "camera_angle_x", math.nan)
    fx = number(path, frame, "fl_x", width / (2 * math.tan(field / 2)))
    fy = number(path, frame, "fl_y", fx)
    return [fx, fy, number(path, frame, "cx", width / 2), number(path, frame, "cy", height / 2)]
