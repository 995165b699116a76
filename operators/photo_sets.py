# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of photos, with its poses, as the files that the worker is given."""

from __future__ import annotations

from pathlib import Path

from .engine import errors

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
        hint = "JPEG, PNG, WebP, TIFF, AVIF, HEIC and camera raw files are read, or one video."
        raise errors.TttlrmError(f"There are no photos in {folder}.", hint, "no_photos")
    return {videos[0].name: videos[0]}


def pose_files(poses: str, files: dict[str, Path | bytes]) -> tuple[str, dict[str, Path]]:
    """Where the worker finds the poses that a person named, and the files to send along for that.

    Poses among the photo set's own files need none. Raises `TttlrmError` when they do not exist.
    """
    path = Path(poses)
    if poses == "auto" or any(name == poses or name.startswith(f"{poses}/") for name in files):
        return poses, {}
    if path.is_file():
        return f"{GIVEN}/{path.name}", {f"{GIVEN}/{path.name}": path}
    below = {f"{GIVEN}/{part.name}": part for part in sorted(path.glob("*")) if _wanted(part, POSES)}
    if not below:
        raise errors.TttlrmError(
            f"There are no camera poses at {poses}.", "Name a pose file or a COLMAP folder, or say auto.", "no_poses"
        )
    return GIVEN, below


def poses_know_up(poses: str, files: dict[str, Path | bytes]) -> bool:
    """Whether the world of the poses stands upright: Blender's and nerfstudio's do, COLMAP's and estimated ones lie anyhow."""
    return Path(poses).name.startswith("transforms") or (poses == "auto" and "transforms.json" in files)


def _wanted(path: Path, suffixes: frozenset[str]) -> bool:
    return path.suffix.lower() in suffixes and path.is_file()
