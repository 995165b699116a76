# SPDX-License-Identifier: GPL-3.0-or-later
"""Photo sets: the photos, videos and pose files of a folder, as files to send to the worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from ..engine import errors
from ..scene.photo_names import PHOTOS, RAW, free_name

VIDEOS = frozenset((".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg", ".3gp", ".wmv"))
POSES = frozenset((".json", ".bin", ".txt", ".npy"))
GIVEN = "given_poses"  # folder of the scene for poses from outside the photo set


def folder_files(folder: Path) -> dict[str, Path]:
    """Return the photos and pose files in a folder and its subfolders by relative path, or else the folder's only video.

    Raises `TttlrmError` if there is neither.
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
    """Return the photos of a folder, or else of its subfolder `images`, sorted by name.

    Camera raw files with an image of the same name are left out. Raises `TttlrmError` if there are no photos.
    """
    for place in (folder, folder / "images"):
        found = [path for path in sorted(place.glob("*")) if _wanted(path, PHOTOS | RAW)]
        if found:
            finished = {path.stem for path in found if path.suffix.lower() in PHOTOS}
            return [path for path in found if path.suffix.lower() in PHOTOS or path.stem not in finished]
    raise _no_photos(folder)


def pose_files(poses: str, files: dict[str, Path | bytes]) -> tuple[str, dict[str, Path]]:
    """Return the path of the chosen poses in the scene, and the files to send for it.

    Poses in the photo set itself need no more files. Raises `TttlrmError` if the poses do not exist.
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
    """Return photos by names that are free in a photo set whose files are named `taken`."""
    taken = list(taken)
    files: dict[str, Path] = {}
    for path in photos:
        files[free_name(f"{photos_folder(taken)}{path.name}", [*taken, *files])] = path
    return files


def photos_folder(taken: Iterable[str]) -> str:
    """Return the folder of a photo set's photos: “images/”, or “” if there are photos at the top level."""
    beside = any("/" not in name and PurePosixPath(name).suffix.lower() in PHOTOS | RAW for name in taken)
    return "" if beside else "images/"


def poses_know_up(poses: str, files: Mapping[str, Path | bytes]) -> bool:
    """Whether the poses have a known up direction, as Blender's and Nerfstudio's do; COLMAP's and estimated ones do not."""
    return Path(poses).name.startswith("transforms") or (poses == "auto" and "transforms.json" in files)


def _no_photos(folder: Path) -> errors.TttlrmError:
    hint = "Choose a folder with JPEG, PNG, WebP, TIFF, AVIF, HEIC or camera raw files, or with one video."
    return errors.TttlrmError("There are no photos in {}.", folder, hint=hint, code=errors.Code.NO_PHOTOS)


def _wanted(path: Path, suffixes: frozenset[str]) -> bool:
    return path.suffix.lower() in suffixes and path.is_file()
