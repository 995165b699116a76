# SPDX-License-Identifier: GPL-3.0-or-later
"""transforms.json as nerfstudio, instant-ngp and NeRF-synthetic write it: OpenGL camera axes (x right, y up, z back)."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TttlrmError
from ..gaussians.formats.ply_table import read_element, read_header
from ..geometry.cameras import OPENGL_AXES
from ..photos.distortion import PARAMETERS, Distortion
from ..photos.photo import Photo
from ..progress import Report
from .confinement import first_file
from .json_poses import array, named_images, number
from .posed_photo import Lens, bad_poses, posed_photo
from .turns import Seen, settled, size_around

UPRIGHT = "upright"  # of a frame: whether its camera is for the photo after or before its EXIF orientation is applied
PLACE, COLOR = ("x", "y", "z"), ("red", "green", "blue")  # fields of nerfstudio's points
PLAIN = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")


def read_transforms(poses: Path, folder: Path, content: dict[str, Any], report: Report) -> list[Photo]:
    """The photos of a parsed transforms.json. Values of a frame override those shared by all. Raises `TttlrmError`."""
    found = named_images(poses, folder, content["frames"], report)
    frames = [(path, {**content, **frame}) for path, frame in found]
    photos = [_photo(poses, folder, path, frame) for path, frame in frames]
    return (
        photos
        if any(UPRIGHT in frame for _, frame in frames)
        else settled(poses, photos, False, report, _seen(poses, folder, content))
    )


def _photo(poses: Path, folder: Path, path: Path, frame: dict[str, Any]) -> Photo:
    c2w = array(poses, frame, "transform_matrix")
    if c2w.shape not in ((3, 4), (4, 4)):
        raise bad_poses("The pose file {} has no 4×4 transform_matrix for {}.", poses, path.name)
    photo = posed_photo(folder, path, poses, c2w @ OPENGL_AXES, _lens(poses, path, frame), stored=frame.get(UPRIGHT) is False)
    return replace(photo, mask=_mask(poses, folder, frame) or photo.mask)


def _seen(poses: Path, folder: Path, content: dict[str, Any]) -> Seen | None:
    """The points of the PLY file that nerfstudio names, hidden ones too, as those that a photo sees; none if it is damaged."""
    name = content.get("ply_file_path")
    if not isinstance(name, str):
        return None

    @cache
    def points() -> tuple[np.ndarray, np.ndarray]:
        with suppress(TttlrmError, ValueError):
            if path := first_file((root / name for root in (poses.parent, folder)), poses, name):
                rows = read_element(path, read_header(path), "vertex")
                means, colors = (np.stack([rows[field] for field in fields], axis=1) for fields in (PLACE, COLOR))
                return means, colors
        return np.empty((0, 3)), np.empty((0, 3))

    return lambda photo: points()


def _mask(poses: Path, folder: Path, frame: dict[str, Any]) -> Path | None:
    """The mask that nerfstudio names in a frame."""
    name = frame.get("mask_path")
    return first_file((root / name for root in (poses.parent, folder)), poses, name) if isinstance(name, str) else None


def _lens(poses: Path, path: Path, frame: dict[str, Any]) -> Lens:
    own_width, own_height = size_around(path, (number(poses, frame, "cx", math.nan), number(poses, frame, "cy", math.nan)))
    width, height = number(poses, frame, "w", own_width), number(poses, frame, "h", own_height)
    fx = _focal(poses, frame, "fl_x", "camera_angle_x", width, math.nan)
    fy = _focal(poses, frame, "fl_y", "camera_angle_y", height, fx)
    fx = fy if math.isnan(fx) else fx
    center = [number(poses, frame, "cx", width / 2), number(poses, frame, "cy", height / 2)]
    return Lens(round(width), round(height), np.array([fx, fy, *center]), _distortion(poses, frame))


def _distortion(poses: Path, frame: dict[str, Any]) -> Distortion:
    """One of OpenCV's models. Only the fisheye may have k4: elsewhere nerfstudio's k3 is that of OpenCV, but its k4 is not."""
    model = str(frame.get("camera_model", "OPENCV")).upper()
    fisheye = model == "OPENCV_FISHEYE" or (frame.get("is_fisheye") and model == "OPENCV")
    if not fisheye and (model not in PLAIN or number(poses, frame, "k4", 0.0)):
        which = model if model not in PLAIN else "OPENCV with k4"
        raise bad_poses(
            "The pose file {} describes a lens that is not supported ({}).",
            poses,
            which,
            hint="Undistort the photos to pinhole images first.",
        )
    general = "OPENCV_FISHEYE" if fisheye else "FULL_OPENCV" if number(poses, frame, "k3", 0.0) else "OPENCV"
    return Distortion(general, tuple(number(poses, frame, name, 0.0) for name in PARAMETERS[general]))


def _focal(poses: Path, frame: dict[str, Any], length: str, angle: str, extent: float, default: float) -> float:
    """A focal length in pixels, from a field for it or from the field of view in radians."""
    if length in frame or angle not in frame:
        return number(poses, frame, length, default)
    field = number(poses, frame, angle)
    if not 0 < field < math.pi:
        raise bad_poses("The pose file {} has a field of view {} of {:g}, which is not between 0 and π.", poses, angle, field)
    return extent / (2 * math.tan(field / 2))
