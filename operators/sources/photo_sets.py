# SPDX-License-Identifier: GPL-3.0-or-later
"""Photo sets: the photos, videos and pose files of a folder, as files to send to the worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..engine import errors, photo_files, settings
from ..scene.photo_names import free_name

POSES = frozenset((".json", ".bin", ".txt", ".npy"))
GIVEN = "given_poses"  # folder of the scene for poses from outside the photo set


def folder_files(folder: Path) -> dict[str, Path]:
    """Return the photos and pose files in a folder and its subfolders by relative path, or else the folder's only video.

    Raises `TttlrmError` if there is neither.
    """
    files = {photo_files.named(path, folder): path for path in photo_files.files_below(folder)}
    photos = {name: path for name, path in files.items() if photo_files.is_photo(path)}
    if photos:
        return {name: path for name, path in files.items() if name in photos or _holds_poses(path)}
    videos = photo_files.video_files(folder) if photo_files.is_folder(folder) else []
    if len(videos) != 1:
        raise photo_files.no_photos(folder)
    return {videos[0].name: videos[0]}


def photos_in(folder: Path) -> list[Path]:
    """Return the photos of a folder or its subfolders, as the worker finds them. Raises `TttlrmError` if there are none."""
    found = photo_files.image_files(folder) if photo_files.is_folder(folder) else []
    if not found:
        raise photo_files.no_photos(folder)
    return found


def pose_files(poses: str, files: dict[str, Path | bytes]) -> tuple[str, dict[str, Path]]:
    """Return the path of the chosen poses in the scene, and the files to send for it.

    Poses in the photo set itself need no more files. Raises `TttlrmError` if the poses do not exist.
    """
    path = Path(poses)
    if poses in ("auto", "estimate") or any(name == poses or name.startswith(f"{poses}/") for name in files):
        return poses, {}
    if path.is_file():
        return f"{GIVEN}/{path.name}", {f"{GIVEN}/{path.name}": path}
    below = {f"{GIVEN}/{part.name}": part for part in sorted(path.glob("*")) if part.is_file() and _holds_poses(part)}
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
    beside = any("/" not in name and photo_files.is_photo(Path(name)) for name in taken)
    return "" if beside else "images/"


def stands_upright(wanted: settings.ReconstructSettings, files: Mapping[str, Path | bytes]) -> bool:
    """Whether a scene has a known up direction: that of its poses, as Blender and Nerfstudio write them, or from the worker.

    The worker sets scenes with estimated poses upright, by walls and ground too; those of COLMAP stay as they are.
    """
    if wanted.orient == "always" or Path(wanted.poses).name.startswith("transforms"):
        return True
    if wanted.poses == "auto" and "transforms.json" in files:
        return True
    estimated = wanted.poses == "estimate" or (wanted.poses == "auto" and not any(_holds_poses(Path(name)) for name in files))
    return estimated and wanted.orient != "never"


def _holds_poses(path: Path) -> bool:
    return path.suffix.lower() in POSES
