# SPDX-License-Identifier: GPL-3.0-or-later
"""One photo with its camera, before its pixels are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import Code, TttlrmError, text
from ..geometry.similarity import Similarity
from ..progress import Report
from .distortion import PLAIN, Distortion
from .images import image_size

Other = TypeVar("Other")
DEEPEST = 4  # folders that a photo and its mask may be below the one that has both


@dataclass(frozen=True)
class Lens:
    """What a pose file says about a camera, for images of the size that it was written for."""

    width: int  # pixels
    height: int
    intrinsics: np.ndarray  # [4] float64, fx fy cx cy in pixels, pixel centres at +0.5
    distortion: Distortion = PLAIN


@dataclass(frozen=True)
class Source:
    """Where in a COLMAP model the pose of a photo stands."""

    model: Path  # folder of the model
    image_id: int
    estimated: bool = False  # here, and so in a world that nobody chose
    world: Similarity | None = None  # from the model's world to that of the photo's pose


@dataclass(frozen=True, eq=False)
class Photo:
    """An image file and the camera that took it, in OpenCV axes. Width, height and intrinsics are those of the pixels used.

    Pose files describe upright images, as most programs see them, and so the EXIF orientation is obeyed. Where the size in
    the pose file only fits the image as it is stored (COLMAP reads phone photos that way), `upright` is False instead.
    """

    name: str  # path below the folder of photos, with forward slashes
    path: Path
    width: int
    height: int
    intrinsics: np.ndarray  # [4] float64, fx fy cx cy in pixels
    distortion: Distortion
    c2w: np.ndarray  # [4, 4] float64, camera to world, a rotation and a position
    upright: bool = True
    source: Source | None = None
    mask: Path | None = None  # an image that is black where the photo does not count
    alpha: Path | None = None  # an image that is black where the photo shows background, which is to be white

    def reduced(self, factor: int) -> Photo:
        """The same photo for the means of blocks of factor × factor of its pixels."""
        return replace(self, width=self.width // factor, height=self.height // factor, intrinsics=self.intrinsics / factor)


def posed_photo(
    folder: Path,
    path: Path,
    poses: Path,
    c2w: np.ndarray,  # [4, 4] or [3, 4], OpenCV axes; a scale in it is taken out
    lens: Lens,
    source: Source | None = None,
) -> Photo:
    """A photo whose camera the file `poses` describes, carried to the image's real size. Raises `TttlrmError` ("bad_poses")."""
    if min(lens.width, lens.height) < 1:
        raise bad_poses("The pose file {} has no usable image size for {}.", poses, path.name)
    size = image_size(path)
    upright = same_shape((lens.width, lens.height), size) or not same_shape((lens.height, lens.width), size)
    width, height = size if upright else size[::-1]
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


def mask_of(path: Path) -> Path | None:
    """The mask of an image: NAME.png or NAME.SUFFIX.png in a folder `masks` beside it, or beside the folder that it is in.

    Folders below that one are repeated below `masks`, with or without their first, which mostly is `images`.
    """
    for root in list(path.parents)[:DEEPEST]:
        below = path.relative_to(root).parent
        for place in dict.fromkeys((root / "masks" / below, root / "masks" / Path(*below.parts[1:]))):
            masks = (place / f"{name}.png" for name in (path.stem, path.name))
            found = next((mask for mask in masks if mask.is_file() and mask != path), None)
            if found:
                return found
    return None


def bad_poses(template: str, *values: object, hint: str = "Export the cameras again.") -> TttlrmError:
    """The error that a pose file is to blame for."""
    return TttlrmError(template, *values, hint=hint, code=Code.BAD_POSES)


def tell_missing(poses: Path, missing: list[str], found: int, report: Report) -> None:
    """Note the images that a pose file names but that do not exist; fewer than two others are an error ("bad_poses")."""
    if not missing:
        return
    what = text("The pose file {} names {} images that do not exist, {!r} among them", poses, len(missing), missing[0])
    if len(missing) == 1:
        what = text("The pose file {} names the image {!r}, which does not exist", poses, missing[0])
    if found < 2:
        raise bad_poses("{}.", what, hint="Give the folder of the images that it was made from.")
    report.note(text("{}; the other {} photos are used.", what, found))


def with_headers(found: list[tuple[Path, Other]], report: Report) -> list[tuple[Path, Other]]:
    """The image files, with whatever belongs to each, whose headers can be read; `leave_out` deals with the others."""
    good, errors = [], []
    for pair in found:
        try:
            image_size(pair[0])
            good.append(pair)
        except TttlrmError as error:
            errors.append(error)
    leave_out(errors, len(good), report)
    return good


def leave_out(errors: list[TttlrmError], left: int, report: Report) -> None:
    """Note the photos that could not be read, where at least two and half of all are left.

    Otherwise the first error is raised, and always one that says which package is missing.
    """
    grave = [error for error in errors if error.code == Code.NO_PACKAGE]
    if grave or (errors and left < max(2, len(errors))):
        raise [*grave, *errors][0]
    for error in errors:
        report.note(text("{} It is left out.", error.text))


def same_shape(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two sizes are those of one image at two resolutions, give or take a rounded pixel."""
    return abs(first[0] * second[1] - first[1] * second[0]) <= max(*first, *second)


def _rigid(c2w: np.ndarray, poses: Path, name: str) -> np.ndarray:
    """The pose with the nearest rotation in place of its 3×3 part, as Blender's scaled cameras need."""
    if c2w.shape not in ((3, 4), (4, 4)) or not np.isfinite(c2w).all():
        raise bad_poses("The pose file {} has a pose of {} that is not a 4×4 matrix of finite numbers.", poses, name)
    left, stretch, right = np.linalg.svd(c2w[:3, :3])
    rotation = left @ right
    if stretch[2] <= 1e-6 * stretch[0] or np.linalg.det(rotation) < 0:
        raise bad_poses("The pose file {} has a pose of {} that is flat or mirrored.", poses, name)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, c2w[:3, 3]
    return pose
