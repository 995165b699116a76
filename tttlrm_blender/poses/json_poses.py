# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the readers of JSON pose files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from .pose_files import bad_poses, other_kind

LONGEST = 40  # characters of a value in a sentence
LARGEST = 1e100  # no number of a camera is larger; an integer in JSON can be larger than any float


def with_frames(poses: Path, content: Any) -> dict[str, Any]:
    """The content of a JSON pose file if it has a list `frames` of objects. Raises `TttlrmError` ("bad_poses")."""
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(frame, dict) for frame in frames):
        raise other_kind("The pose file {} has no list of frames.", poses)
    return content


def image_name(frame: dict[str, Any], name: str = "file_path") -> str:
    """The name of an image in a frame, or an empty string."""
    value = frame.get(name)
    return value if isinstance(value, str) else ""


def number(poses: Path, frame: dict[str, Any], name: str, default: float = math.nan) -> float:
    """A finite number of a frame, or the default where it has none or null."""
    value = frame.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        raise bad_poses("The pose file {} has {} instead of the number {}.", poses, json.dumps(value)[:LONGEST], name)
    return float(value)


def array(poses: Path, frame: dict[str, Any], name: str) -> np.ndarray:
    """A matrix of a frame, float64, finite."""
    try:
        matrix = np.array(frame[name], dtype=np.float64)
        if not np.isfinite(matrix).all():
            raise ValueError
        return matrix
    except (KeyError, TypeError, ValueError, OverflowError):
        image = image_name(frame) or image_name(frame, "img_name")
        raise bad_poses("The pose file {} has no matrix {} of finite numbers for {}.", poses, name, image) from None


def image_extent(
    poses: Path, frame: dict[str, Any], size: tuple[int, int] | None, names: tuple[str, str] = ("w", "h")
) -> list[float]:
    """Width and height in pixels, of the file or else of the image. Raises `TttlrmError` where both are unknown."""
    extent = [number(poses, frame, name, own) for name, own in zip(names, size or (math.nan, math.nan), strict=True)]
    if not all(map(math.isfinite, extent)):
        raise bad_poses("The pose file {} does not give the size of the images (w and h).", poses)
    return extent
