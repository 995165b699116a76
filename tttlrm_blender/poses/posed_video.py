# SPDX-License-Identifier: GPL-3.0-or-later
"""A transforms.json with the poses of frames of a video, as Blender writes it for a solved movie clip.

It names the file as `video`, and every frame has a number `video_frame`, counted from 0, instead of a `file_path`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..photo_files import VIDEOS
from ..photos.video import frame_name, frames_at
from ..progress import Report
from .named_files import find_files
from .pose_files import bad_poses


def frame_numbers(poses: Path, content: dict[str, Any]) -> list[int]:
    """The numbers of the frames of a parsed transforms.json. Raises `TttlrmError`."""
    numbers = [frame.get("video_frame") for frame in content["frames"]]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise bad_poses("The pose file {} has frames without the number of a video_frame.", poses)
    return numbers


def with_frame_names(poses: Path, content: dict[str, Any]) -> dict[str, Any]:
    """The same content with the names of frames as `posed_frames` writes them, and only poses beside these."""
    frames = [
        {"file_path": frame_name(number), "transform_matrix": frame.get("transform_matrix")}
        for number, frame in zip(frame_numbers(poses, content), content["frames"], strict=True)
    ]
    return {**content, "frames": frames}


def posed_frames(poses: Path, video: str, numbers: list[int], roots: Sequence[Path], below: Path, report: Report) -> Path:
    """A folder with the frames that a pose file names, of a video that it names. Raises `TttlrmError`."""
    file = find_files(poses, [video], roots, below, VIDEOS).files.get(video)
    if file is None:
        raise bad_poses(
            "The pose file {} names the video {!r}, which does not exist.", poses, video, hint="Put the video beside it."
        )
    return frames_at(file, numbers, report)
