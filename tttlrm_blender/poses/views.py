# SPDX-License-Identifier: GPL-3.0-or-later
"""The views that pose files describe: images by name, with the cameras that took them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..photos.distortion import PLAIN, Distortion
from ..photos.photo import Source
from .named_files import places
from .turns import Seen

Size = tuple[int, int]  # width and height in pixels


@dataclass(frozen=True)
class Lens:
    """Intrinsics and distortion from a pose file, for images of the size given there."""

    width: int  # pixels
    height: int
    intrinsics: np.ndarray  # [4] float64, fx fy cx cy in pixels, pixel centers at +0.5
    distortion: Distortion = PLAIN


@dataclass(frozen=True)
class View:
    """An image that a pose file names, with its camera.

    Pose and lens are read on demand, since one that makes no sense costs only its own photo. They raise `TttlrmError`
    ("bad_poses"). `lens` takes the size of the image, or None where the file itself must give one.
    """

    name: str  # as in the file
    poses: Path  # the file that holds the pose
    c2w: Callable[[], np.ndarray]  # [4, 4] or [3, 4], OpenCV axes; any scale is removed
    lens: Callable[[Size | None], Lens]
    mask: str = ""  # the name of its mask, if the file has one
    upright: bool | None = None  # whether the camera is for the photo after its EXIF orientation is applied; None if unknown
    source: Source | None = None


@dataclass(frozen=True)
class PoseFile:
    """The views of a file or folder of poses."""

    path: Path
    views: list[View]
    home: Path  # the folder that its names start from, if they are not those of a model
    video: str | None = None  # the name of the video of which the views are frames
    frames: list[int] = field(default_factory=list)  # their numbers
    stored: bool = False  # whether programs write such files for photos as stored, without their EXIF orientation
    seen: Seen | None = None

    @property
    def names(self) -> list[str]:
        """The names of the images."""
        return [view.name for view in self.views]

    def roots(self, folder: Path) -> list[Path]:
        """The folders that its names start from, with photos in `folder`."""
        if self.path.is_dir():
            return [*places(folder), self.path.parent.parent / "images"]
        return places(folder, self.home)
