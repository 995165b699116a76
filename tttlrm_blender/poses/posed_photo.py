# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos and cameras from the views of a pose file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import Code, TttlrmError, some, text
from ..geometry.alignment import nearest_rotation
from ..geometry.cameras import Cameras
from ..photo_files import named
from ..photos.images import image_size
from ..photos.photo import Photo, leave_out, masks_of
from ..photos.raw import is_raw
from ..progress import Report
from .named_files import Found, find_files
from .pose_files import FARTHEST, bad_poses, reading
from .turns import is_upright, settled
from .views import Lens, PoseFile, Size, View

LARGEST = 1_000_000  # pixels of a side

Item = TypeVar("Item")
Other = TypeVar("Other")


def photos_of(poses: PoseFile, found: Found, folder: Path, report: Report) -> list[Photo]:
    """The photos of views, of which `found` gives the images; they are named as paths below `folder`.

    Notes name what is left out: images that do not exist or have no readable header, views whose cameras make no sense, and
    masks that do not exist. Raises `TttlrmError` where fewer than two photos are left of several.
    """
    _note_missing(poses, found, report)
    pairs = with_headers(_once(poses, found, folder, report), report)

    def name(path: Path, view: View) -> str:
        return named(path, folder)

    posed = _sensible(pairs, lambda path, view: (_photo(poses, folder, path, view), view.mask), name, report)
    photos = _with_masks(poses, posed, folder, report)
    known = any(view.upright is not None for view in poses.views)
    return photos if known else settled(poses.path, photos, poses.stored, report, poses.seen)


def cameras_of(poses: PoseFile, folder: Path, report: Report) -> tuple[list[str], Cameras]:
    """The names of views and their cameras without lens distortion; views whose cameras make no sense are left out with a note.

    Images are looked for in a folder where the file does not give their sizes. Raises `TttlrmError` where both are missing.
    """
    images = cache(lambda: find_files(poses.path, poses.names, poses.roots(folder), folder).files)

    def lens(view: View) -> Lens:
        try:
            return view.lens(None)
        except TttlrmError:
            if view.name not in images():
                raise
            return view.lens(image_size(images()[view.name]))

    def camera(name: str, view: View) -> tuple[str, np.ndarray, Lens]:
        return name, _rigid(view.c2w(), view.poses, name), _sound(lens(view), view.poses, name)

    views = [(view.name or f"{index:04}", view) for index, view in enumerate(poses.views)]
    rows = _sensible(views, camera, lambda name, view: name, report)
    sizes = np.array([[lens.width, lens.height] for _, _, lens in rows], dtype=np.int64)
    cameras = Cameras(np.stack([c2w for _, c2w, _ in rows]), np.stack([lens.intrinsics for _, _, lens in rows]), sizes)
    return [name for name, _, _ in rows], cameras


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


def _sensible(
    pairs: list[tuple[Item, View]],
    make: Callable[[Item, View], Other],
    name: Callable[[Item, View], str],
    report: Report,
) -> list[Other]:
    """What `make` makes of the views. Those that make no sense are named in a note; if fewer than two others are left, raised."""
    made, lost, errors = [], [], []
    for item, view in pairs:
        try:
            with reading(view.poses):
                made.append(make(item, view))
        except TttlrmError as error:
            if error.code != Code.BAD_POSES:
                raise
            lost.append(name(item, view))
            errors.append(error)
    if errors and len(made) < 2:
        raise errors[0]
    if errors:
        report.note(text("Photos without a usable camera are left out: {}. {}", some(lost), errors[0].text))
    return made


def _photo(poses: PoseFile, folder: Path, path: Path, view: View) -> Photo:
    """A photo with its camera, scaled to the image's real size."""
    sizes = {upright: image_size(path, upright) for upright in (True, False)}
    lens = _sound(_lens_for(view, sizes), view.poses, path.name)
    stored = poses.stored and not is_raw(path) if view.upright is None else not view.upright
    upright = is_upright(view.poses, path.name, sizes, (lens.width, lens.height), stored)
    width, height = sizes[upright]
    return Photo(
        name=named(path, folder),
        path=path,
        width=width,
        height=height,
        intrinsics=lens.intrinsics * np.tile([width / lens.width, height / lens.height], 2),
        distortion=lens.distortion,
        c2w=_rigid(view.c2w(), view.poses, path.name),
        upright=upright,
        source=view.source,
    )


def _lens_for(view: View, sizes: dict[bool, Size]) -> Lens:
    """The lens of a view; where its file gives no size, that for the photo, upright or as stored, that it is centered on."""
    lenses = [view.lens(size) for size in dict.fromkeys(sizes.values())]
    return min(lenses, key=lambda lens: float(np.linalg.norm(lens.intrinsics[2:] - np.array([lens.width, lens.height]) / 2)))


def _with_masks(poses: PoseFile, posed: list[tuple[Photo, str]], folder: Path, report: Report) -> list[Photo]:
    """The photos with the masks that the file names, or else those of `masks_of`; missing ones are noted."""
    names = {name for _, name in posed if name}
    taken = [photo.path for photo, _ in posed]
    files = find_files(poses.path, names, poses.roots(folder), folder, photos=taken).files if names else {}
    usual = masks_of(taken)
    photos = [replace(photo, mask=files.get(name) or mask) for (photo, name), mask in zip(posed, usual, strict=True)]
    missing = [name for photo, (_, name) in zip(photos, posed, strict=True) if name and not photo.mask]
    if missing:
        template = "The pose file {} names masks that do not exist; their photos are used as a whole: {}."
        report.note(text(template, poses.path, some(missing)))
    return photos


def _once(poses: PoseFile, found: Found, folder: Path, report: Report) -> list[tuple[Path, View]]:
    """The files and views of the images that were found; of several views of one image the first, with a note."""
    first: dict[Path, View] = {}
    again = []
    for view in poses.views:
        path = found.files.get(view.name)
        if path and first.setdefault(path, view) is not view:
            again.append(named(path, folder))
    if again:
        template = "The pose file {} names these photos more than once; the first pose of each is used: {}."
        report.note(text(template, poses.path, some(again)))
    return list(first.items())


def _note_missing(poses: PoseFile, found: Found, report: Report) -> None:
    """Note the images that were not found, and those that were found elsewhere; raise if fewer than two were found."""
    missing = [name for name in dict.fromkeys(poses.names) if name not in found.files and name not in found.unclear]
    faults = []
    if len(missing) == 1:
        faults.append(text("The pose file {} names the image {!r}, which does not exist", poses.path, missing[0]))
    elif missing:
        template = "The pose file {} names {} images that do not exist, {!r} among them"
        faults.append(text(template, poses.path, len(missing), missing[0]))
    if found.unclear:
        faults.append(text("The pose file {} names images that more than one file fits: {}", poses.path, some(found.unclear)))
    if faults and len(found.files) < 2:
        raise bad_poses("{}.", faults[0], hint="Give the folder of the images that it was made from.")
    for fault in faults:
        report.note(text("{}; the other {} photos are used.", fault, len(found.files)))
    if found.moved:
        name = found.moved[0]
        template = "The pose file {} names {} images in other folders; files of the same name are used, {} for {!r}."
        report.note(text(template, poses.path, len(found.moved), found.files[name], name))


def _sound(lens: Lens, poses: Path, name: str) -> Lens:
    """The lens, if it can be that of a camera."""
    if not 1 <= min(lens.width, lens.height) <= max(lens.width, lens.height) <= LARGEST:
        raise bad_poses("The pose file {} has no usable image size for {}.", poses, name)
    if not (np.isfinite([*lens.intrinsics, *lens.distortion.values]).all() and (lens.intrinsics[:2] > 0).all()):
        raise bad_poses("The pose file {} has no usable focal length or lens distortion for {}.", poses, name)
    return lens


def _rigid(c2w: np.ndarray, poses: Path, name: str) -> np.ndarray:
    """The pose [4, 4] with the nearest rotation instead of its 3×3 part, as Blender's scaled cameras need."""
    if c2w.shape not in ((3, 4), (4, 4)) or not (np.abs(c2w) < FARTHEST).all():
        raise bad_poses("The pose file {} has a pose of {} that is not a 4×4 matrix of finite numbers.", poses, name)
    linear = c2w[:3, :3]
    stretch = np.linalg.svd(linear, compute_uv=False)
    if stretch[2] <= 1e-6 * stretch[0] or np.linalg.det(linear) < 0:
        raise bad_poses("The pose file {} has a pose of {} that is flat or mirrored.", poses, name)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = nearest_rotation(linear), c2w[:3, 3]
    return pose
