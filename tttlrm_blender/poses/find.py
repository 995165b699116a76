# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos a folder holds and where their cameras stand."""

from __future__ import annotations

from pathlib import Path

from ..errors import Code, TttlrmError
from ..photos.cull import Looks, worth_using
from ..photos.images import SUFFIXES
from ..photos.photo import Photo
from ..photos.raw import is_raw
from ..photos.video import SUFFIXES as VIDEOS
from ..photos.video import frames_of
from ..progress import Report
from .colmap import is_model, read_model
from .confinement import confined
from .estimate import estimate_poses, tell_lost
from .json_poses import read_frames
from .numbered_npy import read_numbered
from .opencv_json import read_opencv_cameras
from .posed_photo import bad_poses
from .posed_video import read_posed_video
from .scannet import read_scannet
from .shapenet import read_shapenet
from .text_poses import pose_folder
from .transforms_json import read_transforms

TRAIN, TEST = "transforms_train.json", "transforms_test.json"  # of NeRF-synthetic: photos to learn from, photos to measure with

# Where poses are looked for, the first that exists.
BESIDE = (
    "transforms.json",
    TRAIN,
    "nerfstudio/transforms.json",
    "sparse/0",
    "colmap/sparse/0",
    "sparse",
    ".",
    "opencv_cameras.json",
    "intrinsic/intrinsic_color.txt",
    "intrinsic_color.txt",
    "intrinsics.txt",
    "000.npy",
)
POSE_HINT = "Give a transforms.json, an opencv_cameras.json or a COLMAP model."


def find_photos(folder: Path, poses: str = "auto", report: Report | None = None, looks: Looks | None = None) -> list[Photo]:
    """The photos of a folder, or the frames of a video, with their cameras, sorted by name.

    With poses at hand only headers are read. A folder with nothing but a video stands for the video.

    `poses` names a file or folder of poses, as it stands or below `folder`; "auto" looks beside the photos and does as
    "estimate" where there are none, which takes minutes, for the photos that are `worth_using`. `report` follows and is
    told of missing and unused images; `looks` is given to `worth_using`. Raises `TttlrmError` with the code "no_photos",
    "bad_photo", "no_package", "bad_poses" or "no_poses".
    """
    report = report or Report()
    if folder.is_file():
        if folder.suffix.lower() in SUFFIXES:
            raise TttlrmError(
                "{} is a single photo.", folder, hint="Give the folder that it is in, or a video.", code=Code.NO_PHOTOS
            )
        folder = frames_of(folder, report)
    if not folder.is_dir():
        raise TttlrmError(
            "The folder {} does not exist.", folder, hint="Give a folder of photos, or a video.", code=Code.NO_PHOTOS
        )
    source = _source(folder, poses)
    photos = _read(source, folder, report) if source else _estimated(folder, report, looks)
    _require_two(len(photos), folder)
    return sorted(photos, key=lambda photo: photo.name)


def find_test_photos(folder: Path, poses: str = "auto", report: Report | None = None) -> list[Photo]:
    """The photos that a data set itself keeps apart for measuring, sorted by name; most keep none.

    They are those of a transforms_test.json beside the transforms_train.json that `find_photos` reads. Where a person names
    the `poses`, there are none. Raises `TttlrmError` as `find_photos` does.
    """
    source = _beside(folder) if poses == "auto" else None
    if not source or source.name != TRAIN or not source.with_name(TEST).is_file():
        return []
    return sorted(_read(source.with_name(TEST), folder, report or Report()), key=lambda photo: photo.name)


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, or else of its folder `images`, sorted by name.

    Camera raw files are left out beside an image of the same name, which the camera made of them.
    """
    for root in (folder, folder / "images"):
        found = sorted(path for path in root.glob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        if found:
            finished = {path.stem for path in found if not is_raw(path)}
            return [path for path in found if not (is_raw(path) and path.stem in finished)]
    return []


def video_files(folder: Path) -> list[Path]:
    """The videos of a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in VIDEOS and path.is_file())


def _beside(folder: Path) -> Path | None:
    return next((folder / name for name in BESIDE if _holds_poses(folder / name)), None)


def _source(folder: Path, poses: str) -> Path | None:
    """Where the poses stand; None where they are to be estimated."""
    if poses == "estimate":
        return None
    return _beside(folder) if poses == "auto" else _named(folder, poses)


def _named(folder: Path, poses: str) -> Path:
    for path in (Path(poses), folder / poses):
        for candidate in (path, path / "sparse/0", path / "0"):
            if _holds_poses(candidate):
                return candidate
    raise bad_poses("The pose file {} does not exist or is no COLMAP model.", Path(poses), hint=POSE_HINT)


def _holds_poses(path: Path) -> bool:
    if path.is_file():
        return path.suffix != ".txt" or pose_folder(path) is not None
    return is_model(path)


def _read(poses: Path, folder: Path, report: Report) -> list[Photo]:
    if poses.is_dir():
        return read_model(poses, folder, report)
    if poses.suffix == ".npy":
        return read_numbered(poses.parent, folder, report)
    if poses.suffix == ".txt":
        return _read_texts(poses, folder, report)
    content = read_frames(poses)
    if "video" in content:
        return read_posed_video(poses, folder, content, report)
    read = read_opencv_cameras if "w2c" in content["frames"][0] else read_transforms
    return read(poses, folder, content, report)


def _read_texts(intrinsics: Path, folder: Path, report: Report) -> list[Photo]:
    poses = pose_folder(intrinsics)
    assert poses is not None, "`_holds_poses` saw it"
    read = read_scannet if poses.with_name("color").is_dir() else read_shapenet
    return read(intrinsics, poses, folder, report)


def _estimated(folder: Path, report: Report, looks: Looks | None) -> list[Photo]:
    images, videos = image_files(folder), video_files(folder)
    if not images and len(videos) == 1:
        folder = frames_of(videos[0], report)
        images = image_files(folder)
    _require_two(len(images), folder)
    images = worth_using(images, report, looks)
    model = estimate_poses(images, report)
    tell_lost(images, model, report)
    with confined(None):  # the names are those of the files found above; of a video they lie in the cache
        return read_model(model, folder, report, estimated=True)


def _require_two(count: int, folder: Path) -> None:
    if count < 2:
        template = "There is only one photo in {}; at least two are needed."
        raise TttlrmError(
            template if count else "There are no photos in {}; at least two are needed.",
            folder,
            hint="Add photos of the same scene from other places.",
            code=Code.NO_PHOTOS,
        )
