# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders of poses of every kind, as the views that they describe: where they lie, and which reader is theirs."""

from __future__ import annotations

from pathlib import Path

from ..errors import text
from ..photo_files import POSES_BESIDE
from ..progress import Report
from .camera_lists import holds_trained_list, is_trained_list, own_views, trained_views
from .colmap import image_count, is_model, model_of, model_views, models_in, points_seen
from .json_poses import with_frames
from .numbered_npy import numbered_views
from .opencv_json import opencv_views
from .pose_files import bad_poses, other_kind, read_json, reading
from .posed_video import frame_numbers, with_frame_names
from .scannet import scannet_views
from .shapenet import shapenet_views
from .text_poses import pose_folder
from .transforms_json import named_points, transforms_views
from .views import PoseFile

TRAIN = "transforms_train.json"  # of NeRF-synthetic
TRAINED = "cameras.json"  # of 3D Gaussian splatting


def poses_beside(folder: Path, report: Report) -> Path | None:
    """The poses in a folder of photos, if there are any. Of several COLMAP models it is the largest, with a note."""
    for name in POSES_BESIDE:
        path = folder / name
        if path.is_dir():
            models = models_in(path)
            if len(models) > 1:
                template = "{} contains {} COLMAP models; the largest, {}, with {} photos is used."
                report.note(text(template, path, len(models), models[0].name, image_count(models[0])))
            if models:
                return models[0]
        elif path.is_file() and _holds_poses(path):
            return path
    return None


def named_poses(paths: list[Path], report: Report) -> Path:
    """The first of some paths that is a file of poses, a COLMAP model, or a folder with either. Raises `TttlrmError`."""
    for path in paths:
        if is_model(path) or (path.is_file() and _is_read(path)):
            return path
        found = poses_beside(path, report) if path.is_dir() else model_of(path)
        if found:
            return found
    there = next((path for path in paths if path.exists()), None)
    if there:
        raise other_kind("{} holds no poses of a kind that is read.", there)
    raise other_kind("The pose file {} does not exist.", paths[0])


def read_poses(path: Path) -> PoseFile:
    """The views of what `poses_beside` or `named_poses` found. Raises `TttlrmError` ("bad_poses")."""
    with reading(path):
        poses = _read(path)
        if not poses.views:
            raise bad_poses("The pose file {} has no cameras.", path)
        return poses


def _read(path: Path) -> PoseFile:
    if path.is_dir():
        return PoseFile(path, model_views(path), path, stored=True, seen=points_seen(path))
    if path.suffix.lower() == ".npy":
        return PoseFile(path, numbered_views(path.parent), path.parent)
    if path.suffix.lower() == ".txt":
        return _read_text(path)
    return _read_json(path)


def _read_json(path: Path) -> PoseFile:
    content = read_json(path)
    if is_trained_list(content):
        return PoseFile(path, trained_views(path, content), path.parent)
    if isinstance(content, dict) and "c2w" in content:
        return PoseFile(path, own_views(path, content), path.parent)
    content = with_frames(path, content)
    if "video" in content:
        views = transforms_views(path, with_frame_names(path, content))
        return PoseFile(path, views, path.parent, str(content["video"]), frame_numbers(path, content))
    views_of = opencv_views if "w2c" in content["frames"][0] else transforms_views
    return PoseFile(path, views_of(path, content), path.parent, seen=named_points(path, content))


def _read_text(intrinsics: Path) -> PoseFile:
    poses = pose_folder(intrinsics)
    if poses is None:
        raise other_kind("{} holds no poses of a kind that is read.", intrinsics)
    views = scannet_views if poses.with_name("color").is_dir() else shapenet_views
    return PoseFile(intrinsics, views(intrinsics, poses), poses.parent)


def _is_read(path: Path) -> bool:
    """Whether the kind of a file is read, by its name and what is beside it."""
    suffix = path.suffix.lower()
    return suffix == ".json" or (suffix == ".npy" and path.stem.isdecimal()) or (suffix == ".txt" and bool(pose_folder(path)))


def _holds_poses(path: Path) -> bool:
    """Whether a file of a usual name holds poses: not intrinsics alone, nor another program's cameras.json."""
    if path.suffix == ".txt":
        return pose_folder(path) is not None
    return path.name != TRAINED or holds_trained_list(path)
