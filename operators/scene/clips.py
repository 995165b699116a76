# SPDX-License-Identifier: GPL-3.0-or-later
"""Movie clips with a solved camera as photos with cameras."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..engine import errors
from ..narrowing import untyped
from . import conversion

MOST_FRAMES = 100  # that are used of a clip, as of a video


def solved_cameras(clip: bpy.types.MovieClip) -> list[Any]:
    """The reconstructed cameras of those frames that are used, evenly spread; none without a solution."""
    solution = untyped(clip.tracking).reconstruction
    cameras = list(solution.cameras) if solution.is_valid else []
    chosen = np.linspace(0, len(cameras) - 1, min(MOST_FRAMES, len(cameras))).round().astype(int)
    return [cameras[index] for index in chosen]


def clip_set(clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> dict[str, Path | bytes]:
    """The frames of a clip, as image files or as the movie that they are in, and a transforms.json of the solved cameras.

    The cameras stand where a camera object of the scene that follows the solution stands. Raises `TttlrmError` for a lens that
    no pose file can describe and for files that are missing.
    """
    world, lens = _world(clip, scene), _lens(clip)
    cameras = solved_cameras(clip)
    matrices = [conversion.camera_pose(np.array(world @ camera.matrix), clip.name) for camera in cameras]
    poses = [{"transform_matrix": matrix.tolist()} for matrix in matrices]
    numbers = [camera.frame - 1 + clip.frame_offset for camera in cameras]  # from the first of the file on
    file = Path(bpy.path.abspath(clip.filepath, library=clip.library))
    if clip.source == "MOVIE":
        files: dict[str, Path | bytes] = {file.name: _existing(file)}
        frames = [{"video_frame": number, **pose} for number, pose in zip(numbers, poses, strict=True)]
        content = {**lens, "video": file.name, "frames": frames}
    else:
        images = [_existing(_numbered(file, number)) for number in numbers]
        files = {f"images/{image.name}": image for image in images}
        frames = [{"file_path": name, "upright": False, **pose} for name, pose in zip(files, poses, strict=True)]
        content = {**lens, "frames": frames}
    return {**files, "transforms.json": json.dumps(content, indent=1).encode()}


def _world(clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> Matrix:
    """From the world of the solution to that of the scene, in which people orient and scale the camera that follows it."""
    for obj in scene.objects:
        if obj.type == "CAMERA" and any(_follows(constraint, clip, scene) for constraint in obj.constraints):
            parent = obj.parent.matrix_world @ obj.matrix_parent_inverse if obj.parent else Matrix()
            return parent @ obj.matrix_basis
    return Matrix()


def _follows(constraint: bpy.types.Constraint, clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> bool:
    if not isinstance(constraint, bpy.types.CameraSolverConstraint):
        return False
    return (scene.active_clip if constraint.use_active_clip else constraint.clip) == clip


def _lens(clip: bpy.types.MovieClip) -> dict[str, Any]:
    """What all frames have in common in a transforms.json."""
    camera, (width, height) = untyped(clip.tracking).camera, clip.size
    x, y = camera.principal_point_pixels
    if camera.pixel_aspect != 1:
        raise _unknown_lens(clip, errors.text("its pixels are not square"))
    focal = camera.focal_length_pixels
    return {"w": width, "h": height, "fl_x": focal, "fl_y": focal, "cx": x, "cy": height - y, **_distortion(clip, camera)}


def _distortion(clip: bpy.types.MovieClip, camera: bpy.types.MovieTrackingCamera) -> dict[str, float]:
    """OpenCV's coefficients. Blender's image rows run upwards, which turns the sign of one of them."""
    if camera.distortion_model == "POLYNOMIAL":
        return {"k1": camera.k1, "k2": camera.k2, "k3": camera.k3}
    if camera.distortion_model == "BROWN" and not camera.brown_k4:
        radial = {name: getattr(camera, f"brown_{name}") for name in ("k1", "k2", "k3")}
        return {**radial, "p1": -camera.brown_p1, "p2": camera.brown_p2}
    used = [name for name in ("division_k1", "division_k2", "nuke_k1", "nuke_k2", "brown_k4") if _bends(camera, name)]
    if used:
        raise _unknown_lens(clip, errors.text("its distortion has the coefficient {}", used[0]))
    return {}


def _bends(camera: bpy.types.MovieTrackingCamera, name: str) -> bool:
    return name.startswith(camera.distortion_model.lower()) and getattr(camera, name) != 0


def _unknown_lens(clip: bpy.types.MovieClip, why: errors.Text) -> errors.TttlrmError:
    hint = "Solve it again with square pixels and the distortion model Polynomial, or Brown without K4."
    return errors.TttlrmError(
        "The lens of the clip “{}” is not supported: {}.", clip.name, why, hint=hint, code=errors.Code.BAD_CAMERA
    )


def _numbered(first: Path, number: int) -> Path:
    """A file of an image sequence, counted from the first on."""
    found = re.fullmatch(r"(.*?)(\d+)(\D*)", first.name)
    if not found:
        return first
    head, digits, tail = found.groups()
    return first.with_name(f"{head}{int(digits) + number:0{len(digits)}}{tail}")


def _existing(file: Path) -> Path:
    if not file.is_file():
        hint = "Locate the missing file, or solve the clip again."
        raise errors.TttlrmError("The file {} of the clip does not exist.", file, hint=hint, code=errors.Code.BAD_PHOTO)
    return file
