# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readers of JSON pose files share."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..photos.images import SUFFIXES
from ..progress import Report
from .confinement import first_file
from .posed_photo import bad_poses, tell_missing, with_headers

SMALLER = (2, 4, 8)  # images_N holds the images of `images` at 1/N of their size


def read_frames(poses: Path) -> dict[str, Any]:
    """The content of a JSON pose file, which has a list `frames` of objects. Raises `TttlrmError` ("bad_poses")."""
    try:
        content = json.loads(poses.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise bad_poses("The pose file {} cannot be read ({}).", poses, error) from None
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(frame, dict) for frame in frames):
        raise bad_poses("The pose file {} has no list of frames.", poses)
    return content


def named_images(poses: Path, folder: Path, frames: list[dict[str, Any]], report: Report) -> list[tuple[Path, dict[str, Any]]]:
    """The frames whose images exist, with them; `tell_missing` deals with the others."""
    names = [str(frame.get("file_path", "")).replace("\\", "/") for frame in frames]
    paths = [_image_file(poses, folder, name) for name in names]
    found = [(path, frame) for path, frame in zip(paths, frames, strict=True) if path]
    tell_missing(poses, [name for name, path in zip(names, paths, strict=True) if not path], len(found), report)
    return with_headers(found, report)


def _image_file(poses: Path, folder: Path, name: str) -> Path | None:
    """The image of a name beside the pose file or in the folder.

    NeRF-synthetic leaves the suffix out; nerfstudio and DL3DV name `images/` and may have only smaller copies of it.
    """
    names = [name, *(re.sub(r"(^|/)images/", rf"\1images_{factor}/", name) for factor in SMALLER)]
    places = [root / n for n in names for root in (poses.parent, folder)]
    candidates = (Path(os.path.normpath(f"{place}{suffix}")) for place in places for suffix in ("", *SUFFIXES))
    return first_file(candidates, poses, name)


def number(poses: Path, frame: dict[str, Any], name: str, default: float = math.nan) -> float:
    """A finite number of a frame, or the default where it has none."""
    value = frame.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or (name in frame and not math.isfinite(value)):
        raise bad_poses("The pose file {} has {} in place of the number {}.", poses, repr(value), name)
    return float(value)


def array(poses: Path, frame: dict[str, Any], name: str) -> np.ndarray:
    """A matrix of a frame, float64."""
    try:
        return np.array(frame[name], dtype=np.float64)
    except (KeyError, TypeError, ValueError):
        raise bad_poses("The pose file {} has no matrix {} for {}.", poses, name, frame.get("file_path")) from None
