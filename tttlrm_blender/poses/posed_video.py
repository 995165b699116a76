# SPDX-License-Identifier: GPL-3.0-or-later
"""A transforms.json that tells where the frames of a video were taken, as Blender gives it of a solved movie clip.

It names the file as `video`, and every frame has a number `video_frame`, from 0 on, in place of a `file_path`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..photos.photo import Photo
from ..photos.video import frame_name, frames_at
from ..progress import Report
from .confinement import confined, first_file
from .posed_photo import bad_poses
from .transforms_json import read_transforms


def read_posed_video(poses: Path, folder: Path, content: dict[str, Any], report: Report) -> list[Photo]:
    """The frames that a parsed transforms.json names, as photos. Raises `TttlrmError`."""
    name = content["video"]
    video = first_file((root / name for root in (poses.parent, folder)), poses, name) if isinstance(name, str) else None
    if video is None:
        raise bad_poses(
            "The pose file {} names the video {!r}, which does not exist.", poses, name, hint="Put the video beside it."
        )
    numbers = [frame.get("video_frame") for frame in content["frames"]]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise bad_poses("The pose file {} has frames without the number of a video_frame.", poses)
    kept = frames_at(video, numbers, report)
    poses_only = [{"transform_matrix": frame.get("transform_matrix")} for frame in content["frames"]]
    frames = [{"file_path": frame_name(n), **pose} for n, pose in zip(numbers, poses_only, strict=True)]
    with confined(None):  # the names are our own; they lie in the cache
        return read_transforms(poses, kept, {**content, "frames": frames}, report)
