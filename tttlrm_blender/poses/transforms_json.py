# SPDX-License-Identifier: GPL-3.0-or-later
"""transforms.json as nerfstudio, instant-ngp and NeRF-synthetic write it: OpenGL camera axes (x right, y up, z back)."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TttlrmError
from ..gaussians.formats.ply_table import read_element, read_header
from ..geometry.cameras import OPENGL_AXES
from ..photos.distortion import PARAMETERS, Distortion
from .json_poses import array, image_extent, image_name, number
from .named_files import find_files
from .pose_files import bad_poses
from .turns import Seen
from .views import Lens, Size, View

UPRIGHT = "upright"  # of a frame: whether its camera is for the photo after or before its EXIF orientation is applied
PLACE, COLOR = ("x", "y", "z"), ("red", "green", "blue")  # fields of nerfstudio's points
OTHER = ("ftheta_p0", "latlong", "equirectangular", "orthographic")  # fields with which instant-ngp marks other lenses
PLAIN = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")


def transforms_views(poses: Path, content: dict[str, Any]) -> list[View]:
    """The views of a parsed transforms.json. Values of a frame, but for null, override those shared by all."""
    frames = ({name: value for name, value in frame.items() if value is not None} for frame in content["frames"])
    return [_view(poses, {**content, **frame}) for frame in frames]


def named_points(poses: Path, content: dict[str, Any]) -> Seen | None:
    """The points of the PLY file that nerfstudio names, hidden ones too, as those that a photo sees; none if it is damaged."""
    name = image_name(content, "ply_file_path")
    if not name:
        return None

    @cache
    def points() -> tuple[np.ndarray, np.ndarray]:
        with suppress(TttlrmError, ValueError):
            if path := find_files(poses, [name], [poses.parent], poses.parent, (".ply",)).files.get(name):
                rows = read_element(path, read_header(path), "vertex")
                means, colors = (np.stack([rows[field] for field in fields], axis=1) for fields in (PLACE, COLOR))
                return means, colors
        return np.empty((0, 3)), np.empty((0, 3))

    return lambda photo: points()


def _view(poses: Path, frame: dict[str, Any]) -> View:
    c2w, lens = partial(_c2w, poses, frame), partial(_lens, poses, frame)
    return View(image_name(frame), poses, c2w, lens, image_name(frame, "mask_path"), upright=_upright(frame))


def _upright(frame: dict[str, Any]) -> bool | None:
    told = frame.get(UPRIGHT)
    return told if isinstance(told, bool) else None


def _c2w(poses: Path, frame: dict[str, Any]) -> np.ndarray:
    c2w = array(poses, frame, "transform_matrix")
    if c2w.shape not in ((3, 4), (4, 4)):
        raise bad_poses("The pose file {} has no 4×4 transform_matrix for {}.", poses, image_name(frame))
    return c2w @ OPENGL_AXES


def _lens(poses: Path, frame: dict[str, Any], size: Size | None) -> Lens:
    width, height = image_extent(poses, frame, size)
    fx = _focal(poses, frame, "fl_x", "camera_angle_x", width, math.nan)
    fy = _focal(poses, frame, "fl_y", "camera_angle_y", height, fx)
    fx = fy if math.isnan(fx) else fx
    center = [number(poses, frame, "cx", width / 2), number(poses, frame, "cy", height / 2)]
    return Lens(round(width), round(height), np.array([fx, fy, *center]), _distortion(poses, frame))


def _distortion(poses: Path, frame: dict[str, Any]) -> Distortion:
    """One of OpenCV's models. Only the fisheye may have k4: elsewhere nerfstudio's k3 is that of OpenCV, but its k4 is not."""
    model = str(frame.get("camera_model", "OPENCV")).upper()
    fisheye = model == "OPENCV_FISHEYE" or (frame.get("is_fisheye") and model == "OPENCV")
    which = next((name for name in OTHER if frame.get(name, False) is not False), "")
    if not fisheye and (model not in PLAIN or number(poses, frame, "k4", 0.0)):
        which = model if model not in PLAIN else "OPENCV with k4"
    if which:
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
    if frame.get(length) is not None or frame.get(angle) is None:
        return number(poses, frame, length, default)
    field = number(poses, frame, angle)
    if not 0 < field < math.pi:
        raise bad_poses("The pose file {} has a field of view {} of {:g}, which is not between 0 and π.", poses, angle, field)
    return extent / (2 * math.tan(field / 2))
