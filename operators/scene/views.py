# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's cameras as the engine's."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from ..engine import cameras, errors
from ..narrowing import given
from . import conversion
from .cameras import background_photo, image_user, intrinsics
from .image_files import file_name, image_size
from .photo_names import free_name


def views_of(
    objects: Iterable[bpy.types.Object],
    scene: bpy.types.Scene,
    world: np.ndarray,  # [4, 4], from Blender's world to that of the result, without scale
) -> tuple[list[str], cameras.Cameras]:
    """Names and cameras of the camera objects among some, by name.

    Those with a photo behind the picture have its name and size, others their own name and the size that the scene renders at.
    Raises `TttlrmError` when there are none, or where one is no perspective camera, mirrored or scaled to zero.
    """
    given(bpy.context.view_layer).update()
    found = sorted((obj for obj in objects if obj.type == "CAMERA"), key=lambda obj: obj.name)
    if not found:
        raise errors.TttlrmError(
            "No camera is selected.", hint="Select cameras, or export all cameras of the scene.", code=errors.Code.NO_CAMERAS
        )
    names: list[str] = []
    for camera in found:
        names.append(free_name(_name(camera), names))
    sizes = [_size(camera, scene) for camera in found]
    poses = [world @ conversion.camera_from_blender(np.array(camera.matrix_world), camera.name) for camera in found]
    aspect = scene.render.pixel_aspect_y / scene.render.pixel_aspect_x
    lenses = [intrinsics(camera, size, aspect) for camera, size in zip(found, sizes, strict=True)]
    return names, cameras.Cameras(np.array(poses), np.array(lenses), np.array(sizes, dtype=np.int64))


def _name(camera: bpy.types.Object) -> str:
    """The file name of the picture that a camera stands for."""
    photo = background_photo(camera)
    own = file_name(photo, image_user(camera)) if photo else ""
    return own or f"{bpy.path.clean_name(camera.name)}.png"


def _size(camera: bpy.types.Object, scene: bpy.types.Scene) -> tuple[int, int]:
    photo = background_photo(camera)
    if photo and min(size := image_size(photo, image_user(camera))):
        return size
    share = scene.render.resolution_percentage / 100
    return max(1, int(scene.render.resolution_x * share)), max(1, int(scene.render.resolution_y * share))
