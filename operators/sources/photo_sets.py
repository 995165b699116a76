# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of photos, with its poses, as the files that the worker is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from ..engine import errors
from ..scene.photo_names import free_name

PHOTOS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif"))
RAW = frozenset((".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"))
VIDEOS = frozenset((".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg", ".3gp", ".wmv"))
POSES = frozenset((".json", ".bin", ".txt", ".npy"))
GIVEN = "given_poses"  # folder of the worker's copy for poses from elsewhere


def folder_files(folder: Path) -> dict[str, Path]:
    """The photos and pose files below a folder, by their path in it, or else its only video.

    Raises `TttlrmError` when there is neither.
    """
    wanted = PHOTOS | RAW | POSES
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if _wanted(path, wanted)}
    if any(_wanted(path, PHOTOS | RAW) for path in files.values()):
        return files
    videos = [path for path in folder.glob("*") if _wanted(path, VIDEOS)]
    if len(videos) != 1:
        raise _no_photos(folder)
    return {videos[0].name: videos[0]}


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder, or else of its folder `images`, by name.

    Camera raw files are left out beside an image of the same name. Raises `TttlrmError` when there are none.
    """
    for place in (folder, folder / "images"):
        found = [path for path in sorted(place.glob("*")) if _wanted(path, PHOTOS | RAW)]
        if found:
            finished = {path.stem for path in found if path.suffix.lower() in PHOTOS}
            return [path for path in found if path.suffix.lower() in PHOTOS or path.stem not in finished]
    raise _no_photos(folder)


def pose_files(poses: str, files: dict[str, Path | bytes]) -> tuple[str, dict[str, Path]]:
    """Where the worker finds the poses that a person named, and the files to send along for that.

    Poses among the photo set's own files need none. Raises `TttlrmError` when they do not exist.
    """
    path = Path(poses)
    if poses in ("auto", "estimate") or any(name == poses or name.startswith(f"{poses}/") for name in files):
        return poses, {}
    if path.is_file():
        return f"{GIVEN}/{path.name}", {f"{GIVEN}/{path.name}": path}
    below = {f"{GIVEN}/{part.name}": part for part in sorted(path.glob("*")) if _wanted(part, POSES)}
    if not below:
        raise errors.TttlrmError(
            "There are no camera poses at {}.",
            poses,
            hint="Choose a pose file or a COLMAP folder, or use auto.",
            code=errors.Code.NO_POSES,
        )
    return GIVEN, below


def added_photos(photos: Iterable[Path], taken: Iterable[str]) -> dict[str, Path]:
    """More photos for a photo set, beside those that it has; the names of its files are `taken`."""
    taken = list(taken)
    files: dict[str, Path] = {}
    for path in photos:
        files[free_name(f"{photos_folder(taken)}{path.name}", [*taken, *files])] = path
    return files


def photos_folder(taken: Iterable[str]) -> str:
    """Where in a photo set its photos lie, with a slash: below `images` unless there are some at the top."""
    beside = any("/" not in name and PurePosixPath(name).suffix.lower() in PHOTOS | RAW for name in taken)
    return "" if beside else "images/"


def poses_know_up(poses: str, files: Mapping[str, Path | bytes]) -> bool:
    """Whether the world of the poses stands upright: Blender's and nerfstudio's do, COLMAP's and estimated ones lie anyhow."""
    return Path(poses).name.startswith("transforms") or (poses == "auto" and "transforms.json" in files)


def _no_photos(folder: Path) -> errors.TttlrmError:
    hint = "Choose a folder with JPEG, PNG, WebP, TIFF, AVIF, HEIC or camera raw files, or with one video."
    return errors.TttlrmError("There are no photos in {}.", folder, hint=hint, code=errors.Code.NO_PHOTOS)


def _wanted(path: Path, suffixes: frozenset[str]) -> bool:
    return path.suffix.lower() in suffixes and path.is_file()
