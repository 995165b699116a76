# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos from image files and the cameras that a pose file describes; shared by all readers of pose files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import Code, TttlrmError, text
from ..geometry.alignment import nearest_rotation
from ..photos.distortion import PLAIN, Distortion
from ..photos.images import image_size
from ..photos.photo import Photo, Source, leave_out, mask_of
from ..progress import Report
from .turns import is_upright

Other = TypeVar("Other")


@dataclass(frozen=True)
class Lens:
    """Intrinsics and distortion from a pose file, for images of the size given there."""

    width: int  # pixels
    height: int
    intrinsics: np.ndarray  # [4] float64, fx fy cx cy in pixels, pixel centers at +0.5
    distortion: Distortion = PLAIN


def posed_photo(
    folder: Path,
    path: Path,
    poses: Path,
    c2w: np.ndarray,  # [4, 4] or [3, 4], OpenCV axes; any scale is removed
    lens: Lens,
    source: Source | None = None,
    stored: bool = False,
) -> Photo:
    """A photo with the camera from the file `poses`, scaled to the image's real size.

    `stored` says whether the pose file is for photos as stored where its size fits both them and upright ones. Raises
    `TttlrmError` ("bad_poses").
    """
    if min(lens.width, lens.height) < 1:
        raise bad_poses("The pose file {} has no usable image size for {}.", poses, path.name)
    upright = is_upright(poses, path, (lens.width, lens.height), stored)
    width, height = image_size(path, upright)
    intrinsics = lens.intrinsics * np.tile([width / lens.width, height / lens.height], 2)
    if not (np.isfinite([*intrinsics, *lens.distortion.values]).all() and (intrinsics[:2] > 0).all()):
        raise bad_poses("The pose file {} has no usable focal length or lens distortion for {}.", poses, path.name)
    return Photo(
        name=path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name,
        path=path,
        width=width,
        height=height,
        intrinsics=intrinsics,
        distortion=lens.distortion,
        c2w=_rigid(c2w, poses, path.name),
        upright=upright,
        source=source,
        mask=mask_of(path),
    )


def bad_poses(template: str, *values: object, hint: str = "Export the cameras again.") -> TttlrmError:
    """The error for a pose file that cannot be used."""
    return TttlrmError(template, *values, hint=hint, code=Code.BAD_POSES)


def note_missing(poses: Path, missing: list[str], found: int, report: Report) -> None:
    """Note images that a pose file names but that do not exist; raise "bad_poses" if fewer than two others were found."""
    if not missing:
        return
    what = text("The pose file {} names {} images that do not exist, {!r} among them", poses, len(missing), missing[0])
    if len(missing) == 1:
        what = text("The pose file {} names the image {!r}, which does not exist", poses, missing[0])
    if found < 2:
        raise bad_poses("{}.", what, hint="Give the folder of the images that it was made from.")
    report.note(text("{}; the other {} photos are used.", what, found))


def with_headers(found: list[tuple[Path, Other]], report: Report) -> list[tuple[Path, Other]]:
    """The pairs whose image files have readable headers; `leave_out` handles the others."""
    good, errors = [], []
    for pair in found:
        try:
            image_size(pair[0])
            good.append(pair)
        except TttlrmError as error:
            errors.append(error)
    leave_out(errors, len(good), report)
    return good


def _rigid(c2w: np.ndarray, poses: Path, name: str) -> np.ndarray:
    """The pose [4, 4] with the nearest rotation instead of its 3×3 part, as Blender's scaled cameras need."""
    if c2w.shape not in ((3, 4), (4, 4)) or not np.isfinite(c2w).all():
        raise bad_poses("The pose file {} has a pose of {} that is not a 4×4 matrix of finite numbers.", poses, name)
    linear = c2w[:3, :3]
    stretch = np.linalg.svd(linear, compute_uv=False)
    if stretch[2] <= 1e-6 * stretch[0] or np.linalg.det(linear) < 0:
        raise bad_poses("The pose file {} has a pose of {} that is flat or mirrored.", poses, name)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = nearest_rotation(linear), c2w[:3, 3]
    return pose
