# SPDX-License-Identifier: GPL-3.0-or-later
"""cameras.json of two kinds: as `tttlrm reconstruct` writes it, and as Inria's 3D Gaussian splatting does beside its splats."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TttlrmError
from .json_poses import array, image_extent, image_name, number
from .pose_files import bad_poses, read_json
from .views import Lens, Size, View

KINDS = {"c2w": np.float64, "intrinsics": np.float64, "sizes": np.int64}  # of our own file


def is_trained_list(content: Any) -> bool:
    """Whether a parsed JSON file lists cameras as 3D Gaussian splatting does: objects with a position and a rotation."""
    return isinstance(content, list) and bool(content) and all(isinstance(row, dict) and "rotation" in row for row in content)


def holds_trained_list(path: Path) -> bool:
    """Whether a file is such a list. Other programs write other files of the same name."""
    try:
        return is_trained_list(read_json(path))
    except TttlrmError:
        return False


def trained_views(poses: Path, rows: list[dict[str, Any]]) -> list[View]:
    """The views of such a list: camera-to-world rotations in OpenCV axes, positions, and lenses centered on the image."""
    return [
        View(image_name(row, "img_name"), poses, partial(_placed, poses, row), partial(_centered, poses, row)) for row in rows
    ]


def own_views(poses: Path, content: dict[str, Any]) -> list[View]:
    """The views of a cameras.json of `tttlrm reconstruct`. Raises `TttlrmError` ("bad_poses")."""
    c2w, intrinsics, sizes = (_column(poses, content, name) for name in KINDS)
    names = content.get("names")
    if not isinstance(names, list) or not len(names) == len(c2w) == len(intrinsics) == len(sizes) > 0:
        raise bad_poses("The pose file {} lists different numbers of names, poses, lenses and sizes.", poses)
    return [
        View(str(name), poses, partial(np.asarray, pose), partial(_listed, poses, lens, size))
        for name, pose, lens, size in zip(names, c2w, intrinsics, sizes, strict=True)
    ]


def _column(poses: Path, content: dict[str, Any], name: str) -> np.ndarray:
    shape = {"c2w": (4, 4), "intrinsics": (4,), "sizes": (2,)}[name]
    try:
        column = np.array(content.get(name), KINDS[name])
    except (TypeError, ValueError, OverflowError):
        column = np.empty(0)
    if column.shape[1:] != shape:
        raise bad_poses("The pose file {} has cameras with impossible poses, focal lengths or sizes.", poses)
    return column


def _listed(poses: Path, intrinsics: np.ndarray, own: np.ndarray, size: Size | None) -> Lens:
    return Lens(int(own[0]), int(own[1]), intrinsics)


def _placed(poses: Path, row: dict[str, Any]) -> np.ndarray:
    rotation, position = array(poses, row, "rotation"), array(poses, row, "position")
    fits = rotation.shape == (3, 3) and position.shape == (3,)
    return np.hstack([rotation, position[:, None]]) if fits else np.empty(0)  # which is no pose


def _centered(poses: Path, row: dict[str, Any], size: Size | None) -> Lens:
    width, height = image_extent(poses, row, size, ("width", "height"))
    focal = [number(poses, row, name) for name in ("fx", "fy")]
    return Lens(round(width), round(height), np.array([*focal, width / 2, height / 2]))
