# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's cameras as the engine's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

from ..engine import cameras, errors
from ..narrowing import given
from . import conversion
from .cameras import background_photo, image_user, intrinsics
from .photo_images import file_name, photo_size, photo_turn
from .photo_names import free_name

BACK = {  # from the axes of an upright camera to those of the camera of the photo as stored, by EXIF orientation
    3: np.diag([-1.0, -1, 1]),
    6: np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
    8: np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]),
}


@dataclass(frozen=True)
class Views:
    """Cameras for other programs."""

    names: list[str]
    used: cameras.Cameras  # of the photos as they are used
    turns: list[int | None]  # EXIF orientations that were applied to their photos, None for cameras without

    @property
    def as_stored(self) -> cameras.Cameras:
        """The cameras for the photos as stored. A photo that its orientation mirrors has no such camera."""
        rows = zip(self.turns, self.used.c2w, self.used.intrinsics, self.used.sizes, strict=True)
        return cameras.Cameras(*map(np.array, zip(*(_as_stored(*row) for row in rows), strict=True)))


def views_of(
    objects: Iterable[bpy.types.Object],
    scene: bpy.types.Scene,
    world: np.ndarray,  # [4, 4], from Blender's world to that of the result, without scale
) -> Views:
    """The camera objects among some, by name.

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
    used = cameras.Cameras(np.array(poses), np.array(lenses), np.array(sizes, dtype=np.int64))
    photos = [background_photo(camera) for camera in found]
    return Views(names, used, [photo_turn(photo) if photo else None for photo in photos])


def _as_stored(
    turn: int | None, c2w: np.ndarray, lens: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    back = BACK.get(turn or 1, np.eye(3))
    sides = abs(back)[:2, :2].astype(int) @ [0, 1]  # the upright sides that are the stored width and height
    pose = c2w.copy()
    pose[:3, :3] = c2w[:3, :3] @ back.T
    center = back[:2, :2] @ (lens[2:] - size / 2) + size[sides] / 2
    return pose, np.concatenate([lens[:2][sides], center]), size[sides]


def _name(camera: bpy.types.Object) -> str:
    """The file name of the picture that a camera stands for."""
    photo = background_photo(camera)
    own = file_name(photo, image_user(camera)) if photo else ""
    return own or f"{bpy.path.clean_name(camera.name)}.png"


def _size(camera: bpy.types.Object, scene: bpy.types.Scene) -> tuple[int, int]:
    photo = background_photo(camera)
    if photo and min(size := photo_size(photo, image_user(camera))):
        return size
    share = scene.render.resolution_percentage / 100
    return max(1, int(scene.render.resolution_x * share)), max(1, int(scene.render.resolution_y * share))
