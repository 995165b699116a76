# SPDX-License-Identifier: GPL-3.0-or-later
"""The photos of a folder or a video, with their cameras."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ..errors import Code, TttlrmError, some, text
from ..photo_files import (
    MASKS,
    UNREAD,
    image_files,
    images_in,
    is_photo,
    is_video,
    key,
    kinds,
    named,
    no_photos,
    stem_key,
    video_files,
)
from ..photos.cull import Looks, cull_photos
from ..photos.photo import Photo
from ..photos.video import frames_of
from ..progress import Report
from ..stages import Step
from .colmap import model_views
from .confinement import confined
from .estimate import estimate_poses, note_lost
from .named_files import Found, find_files
from .posed_photo import photos_of
from .posed_video import posed_frames
from .view_files import TRAIN, named_poses, poses_beside, read_poses
from .views import PoseFile

TEST = "transforms_test.json"  # the held-out photos of NeRF-synthetic


def find_photos(
    folder: Path,
    poses: str = "auto",
    report: Report | None = None,
    looks: Looks | None = None,
    known: Collection[str] = (),
) -> list[Photo]:
    """The photos of a folder, or the frames of a video, with their cameras, sorted by name.

    With known poses only headers are read. A folder that contains only a video stands for the video.

    `poses` names a file or folder of poses, as given or below `folder`; "auto" looks beside the photos and falls back to
    "estimate", which takes minutes and uses the photos that `cull_photos` keeps. It falls back too where all poses are those
    of photos that are `known` by name, and others are there. `report` gets progress, and notes of all that is missing or not
    used; `looks` is passed to `cull_photos`. Raises `TttlrmError` with the code "no_photos", "bad_photo", "no_package",
    "bad_poses" or "no_poses".
    """
    report = report or Report()
    if folder.is_file():
        if is_photo(folder):
            raise TttlrmError(
                "{} is a single photo.", folder, hint="Give the folder that it is in, or a video.", code=Code.NO_PHOTOS
            )
        folder = frames_of(folder, report)
    if not folder.is_dir():
        raise TttlrmError(
            "The folder {} does not exist.", folder, hint="Give a folder of photos, or a video.", code=Code.NO_PHOTOS
        )
    source = _source(folder, poses, report)
    photos = _posed(read_poses(source), folder, report, known if poses == "auto" else ()) if source else []
    photos = photos or _estimated(folder, report, looks)
    _require_two(len(photos), folder)
    return sorted(photos, key=lambda photo: photo.name)


def find_test_photos(folder: Path, poses: str = "auto", report: Report | None = None) -> list[Photo]:
    """The test photos that a data set itself defines, sorted by name; most define none.

    They are those of a transforms_test.json beside the transforms_train.json that `find_photos` reads; there are none if
    `poses` is not "auto". Raises `TttlrmError` as `find_photos` does.
    """
    source = poses_beside(folder, Report()) if poses == "auto" else None
    if not source or source.name != TRAIN or not source.with_name(TEST).is_file():
        return []
    tests = read_poses(source.with_name(TEST))
    photos = photos_of(tests, _files_of(tests, folder), folder, report or Report())
    return sorted(photos, key=lambda photo: photo.name)


def _source(folder: Path, poses: str, report: Report) -> Path | None:
    """The file or folder of the poses; None if they are to be estimated."""
    if poses == "estimate":
        return None
    return poses_beside(folder, report) if poses == "auto" else named_poses([Path(poses), folder / poses], report)


def _posed(poses: PoseFile, folder: Path, report: Report, known: Collection[str]) -> list[Photo]:
    """The photos that a pose file has poses of, or none where it has them only of photos that are `known`, and others exist."""
    if poses.video is not None:
        kept = posed_frames(poses.path, poses.video, poses.frames, poses.roots(folder), folder, report)
        with confined(None):  # the names are our own; they lie in the cache
            return photos_of(poses, _files_of(poses, kept), kept, report)
    found = _files_of(poses, folder)
    photos = photos_of(poses, found, folder, report)
    new = {named(path, folder) for path in image_files(folder)} - set(known) if known else ()
    if new and all(photo.name in known for photo in photos):
        return []
    _note_unposed(poses.path, found, folder, report)
    _note_unused_masks(photos, folder, report)
    return photos


def _files_of(poses: PoseFile, folder: Path) -> Found:
    return find_files(poses.path, poses.names, poses.roots(folder), folder)


def _note_unposed(poses: Path, found: Found, folder: Path, report: Report) -> None:
    """Name the photos beside those that a pose file names, or in their usual folders, that it does not name."""
    used = set(found.files.values())
    beside = {path.parent for path in used}
    others = [path for place in beside for path in images_in(place) if path not in used]
    elsewhere = [path for place in {folder, folder / "images"} - beside for path in images_in(place)]
    stems = {stem_key(path.name) for path in used}
    others += [path for path in elsewhere if stem_key(path.name) not in stems]
    if poses.name == TRAIN and poses.with_name(TEST).is_file():
        with suppress(TttlrmError):  # of a damaged file, which is told where test photos are wanted
            tests = set(_files_of(read_poses(poses.with_name(TEST)), folder).files.values())
            others = [path for path in others if path not in tests]
    if others:
        template = "These photos have no poses in {} and are not used: {}."
        report.note(text(template, poses, some(sorted(named(path, folder) for path in others))))


def _estimated(folder: Path, report: Report, looks: Looks | None) -> list[Photo]:
    images, videos = image_files(folder), video_files(folder)
    if not images and len(videos) == 1:
        folder = frames_of(videos[0], report)
        images = image_files(folder)
    _require_two(len(images), folder)
    _note_unread(images, folder, report)
    images = cull_photos(images, report, looks)
    report.begin(Step.CAMERAS)
    model = estimate_poses(images, folder, report)
    note_lost(images, folder, model, report)
    with confined(None):  # the names are those of the files found above; frames of a video lie in the cache
        estimated = PoseFile(model, model_views(model, estimated=True), folder)
        photos = photos_of(estimated, _files_of(estimated, folder), folder, report)
    _note_unused_masks(photos, folder, report)
    return photos


def _note_unused_masks(photos: list[Photo], folder: Path, report: Report) -> None:
    """Name the masks in the usual folders that are those of no image: mostly their names do not agree."""
    parents = {photo.path.parent for photo in photos}
    images = {form for parent in parents for path in images_in(parent) for form in (stem_key(path.name), key(path.name))}
    roots = {root for parent in parents for root in (parent, *parent.parents) if root.is_relative_to(folder)}
    files = [path for root in roots for masks in MASKS for path in (root / masks).rglob("*")]
    masks = [path for path in files if is_photo(path)]
    used = {photo.mask for photo in photos}
    others = sorted(named(path, folder) for path in masks if path not in used and stem_key(path.name) not in images)
    if others:
        report.note(text("These masks have the name of no photo and are not used: {}.", some(others)))
    _note_kinds(files, report)


def _note_unread(images: list[Path], folder: Path, report: Report) -> None:
    """Note images of kinds that are not read, and videos, beside the photos that are used."""
    beside = [path for place in dict.fromkeys([folder, *(path.parent for path in images)]) for path in place.glob("*")]
    _note_kinds(beside, report)
    videos = sorted(path.name for path in beside if is_video(path))
    if videos:
        report.note(text("The photos are used, and not the videos beside them: {}.", some(videos)))


def _note_kinds(files: list[Path], report: Report) -> None:
    """Note the images among files that are of kinds which are not read."""
    others = [path for path in files if path.suffix.lower() in UNREAD]
    if others:
        report.note(text("Images of these kinds are not read: {}.", kinds(others)))


def _require_two(count: int, folder: Path) -> None:
    if count == 0:
        raise no_photos(folder)
    if count == 1:
        hint = "Add photos of the same scene from other places."
        raise TttlrmError("There is only one photo in {}; at least two are needed.", folder, hint=hint, code=Code.NO_PHOTOS)
