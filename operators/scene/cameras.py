# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras with their photos as backgrounds: out of a reconstruction, and into a photo set."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..engine import errors, photo_files, results, transform
from ..narrowing import given, untyped
from . import conversion, photo_images
from .photo_names import free_name
from .splats import scene_matrix

# Custom properties of camera data.
PIXEL_ASPECT = "pixel_aspect"  # in Blender only scenes have one
PHOTO = "tttlrm_photo"  # name of the photo in the scene that the worker keeps
SCENE = "tttlrm_scene"  # name of that scene

SIZE = "tttlrm_size"  # custom property of a scene: the size of renders that was last set here

DRAWN = 0.08  # how large cameras are drawn, as a share of how far they stand from their middle


def add_cameras(
    views: results.CameraTable,
    photos: Mapping[str, Path],
    collection: bpy.types.Collection,
    copies: Mapping[str, np.ndarray] = MappingProxyType({}),
    scene: str = "",
) -> list[bpy.types.Object]:
    """One camera object for each view, with its photo, where there is one, behind the picture.

    `sizes` are those that the intrinsics are for, `originals` those of the photos, from which the former may be cut; without
    them nothing was cut. Blender could tell them too, but would read the whole of every photo for it. `copies` are JPEG files of
    photos that Blender does not show as they were used. `scene` is the name of the scene that the worker keeps.
    """
    sizes = [(width, height) for width, height in views.sizes.tolist()]
    originals = sizes if views.originals is None else views.originals.tolist()
    turns = [1] * len(views) if views.turns is None else views.turns.tolist()
    cameras = []
    for index, (name, size, original) in enumerate(zip(views.names, sizes, originals, strict=True)):
        lens = conversion.lens(views.intrinsics[index], size, _uncropped_side(size, original))
        image = _photo_image(name, photos.get(name), copies.get(name), original, turns[index])
        cameras.append(_add_camera(name, lens, views.c2w[index], image, scene))
        collection.objects.link(cameras[-1])
    _draw_small(cameras)
    return cameras


def _photo_image(
    name: str, photo: Path | None, copy: np.ndarray | None, size: Sequence[int], turn: int
) -> bpy.types.Image | None:
    if copy is not None:
        return photo_images.add_copy(name, photo, copy, size, turn)
    return photo_images.load_photo(photo) if photo else None


def _add_camera(
    name: str,
    lens: conversion.Lens,
    c2w: np.ndarray,  # [4, 4]
    image: bpy.types.Image | None,
    scene: str,
) -> bpy.types.Object:
    data = bpy.data.cameras.new(Path(name).stem)
    _set_lens(data, lens)
    if image:
        _set_background(data, image)
    data[PHOTO], data[SCENE] = name, scene
    camera = bpy.data.objects.new(data.name, data)
    camera.matrix_world = Matrix(conversion.camera_to_blender(c2w).tolist())
    return camera


def _draw_small(cameras: list[bpy.types.Object]) -> None:
    """So that cameras do not cover what they look at; those that stand in one place keep Blender's own size."""
    places = [camera.matrix_world.translation for camera in cameras]
    middle = sum(places, Vector()) / max(len(places), 1)
    farthest = max(((place - middle).length for place in places), default=0.0)
    for camera in cameras if farthest else ():
        camera_of(camera).display_size = DRAWN * farthest


def _uncropped_side(size: Sequence[int], original: Sequence[int]) -> str:
    """The side of the picture that the whole photo fills, so that the focal length is right for the photo too."""
    return "VERTICAL" if original[0] * size[1] > original[1] * size[0] else "HORIZONTAL"


def _set_lens(data: bpy.types.Camera, lens: conversion.Lens) -> None:
    data.sensor_fit = untyped(lens.fit)
    data.sensor_width = data.sensor_height = conversion.SENSOR
    data.lens = lens.length
    data.shift_x, data.shift_y = lens.shift_x, lens.shift_y
    data[PIXEL_ASPECT] = lens.pixel_aspect


def _set_background(data: bpy.types.Camera, image: bpy.types.Image) -> None:
    data.show_background_images = True
    background = data.background_images.new()
    background.image = image
    background.frame_method = "CROP"


def camera_of(obj: bpy.types.Object) -> bpy.types.Camera:
    """The lens of a camera object."""
    assert isinstance(obj.data, bpy.types.Camera)
    return obj.data


def look_through(scene: bpy.types.Scene, camera: bpy.types.Object, size: tuple[int, int]) -> None:
    """Make a scene render what a camera sees, at a size in pixels."""
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    aspect = untyped(camera_of(camera)).get(PIXEL_ASPECT, 1.0)
    untyped(scene)[SIZE] = size
    # Blender clamps both to at least 1.
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = max(1 / aspect, 1.0), max(aspect, 1.0)


def background_photo(obj: bpy.types.Object) -> bpy.types.Image | None:
    """The image behind a camera's picture, or the one that an image empty shows."""
    if isinstance(obj.data, bpy.types.Image):
        return obj.data if obj.empty_display_type == "IMAGE" else None
    if isinstance(obj.data, bpy.types.Camera):
        background = shown_background(obj.data)
        return background.image if background else None
    return None


def image_user(obj: bpy.types.Object) -> bpy.types.ImageUser | None:
    """What tells which frame of an image sequence an object shows: the `background_photo` of a camera or an image empty."""
    background = shown_background(obj.data) if isinstance(obj.data, bpy.types.Camera) else None
    return background.image_user if background else obj.image_user


def shown_background(camera: bpy.types.Camera) -> bpy.types.CameraBackgroundImage | None:
    """The first background image of a camera that is switched on, or else the first."""
    pictured = [b for b in camera.background_images if b.source == "IMAGE" and b.image]
    return next((b for b in pictured if b.show_background_image), next(iter(pictured), None))


@dataclass(frozen=True)
class Pictures:
    """Photos that objects of the scene show, by their names in a photo set, and frames of a transforms.json."""

    files: dict[str, Path | bytes]
    frames: list[dict[str, Any]]  # of those that belong to cameras

    @property
    def posed(self) -> bool:
        """Whether all have cameras."""
        return 0 < len(self.frames) == len(self.files)


def ignored(obj: bpy.types.Object) -> bool:
    """Whether the photo behind a camera's picture is moved, turned, scaled or mirrored, of which its pose knows nothing."""
    b = shown_background(obj.data) if isinstance(obj.data, bpy.types.Camera) else None
    return b is not None and bool(b.offset.length or b.rotation or b.scale != 1 or b.use_flip_x or b.use_flip_y)


def photo_set(objects: Iterable[bpy.types.Object]) -> dict[str, Path | bytes]:
    """The photos of cameras and image empties as the files of a photo set, in the order of the objects.

    When all photos belong to cameras, a transforms.json tells where they were taken. Raises `TttlrmError` for images
    that are neither files nor packed.
    """
    found = pictures(objects)
    return found.files | ({"transforms.json": transforms_json(found.frames)} if found.posed else {})


def pictures(
    objects: Iterable[bpy.types.Object],
    folder: str = "images/",
    taken: Iterable[str] = (),
    within: bpy.types.Object | None = None,
) -> Pictures:
    """The photos of cameras and image empties, under names below `folder` that are not `taken`.

    The frames stand in the world of Blender, or `within` the space of an object. Raises `TttlrmError` as `photo_set`, and where
    that space is mirrored or flat.
    """
    given(bpy.context.view_layer).update()
    files: dict[str, Path | bytes] = {}
    frames = []
    for obj, image in ((obj, image) for obj in objects if (image := background_photo(obj))):
        photo = photo_images.photo_file(image, image_user(obj))
        name = free_name(f"{folder}{photo_files.plain(photo.name)}", [*taken, *files])
        files[name] = photo.content
        if obj.type == "CAMERA":
            frames.append({"file_path": name, "upright": photo.upright} | _pose(obj, within) | _lens(obj, photo))
    return Pictures(files, frames)


def known_frames(cameras: Iterable[bpy.types.Object], within: bpy.types.Object) -> list[dict[str, Any]]:
    """Frames for cameras that a reconstruction made: the photos by their names in its scene, and poses as of `pictures`."""
    given(bpy.context.view_layer).update()
    lenses = [(camera, camera_of(camera)) for camera in cameras]
    return [{"file_path": lens[PHOTO], "camera_angle_x": lens.angle_x} | _pose(camera, within) for camera, lens in lenses]


def transforms_json(frames: list[dict[str, Any]]) -> bytes:
    """The content of a transforms.json."""
    return json.dumps({"frames": frames}, indent=1).encode()


def _pose(camera: bpy.types.Object, within: bpy.types.Object | None) -> dict[str, Any]:
    matrix = np.array(camera.matrix_world)
    if within:
        space = scene_matrix(within)
        conversion.camera_pose(space, within.name)  # a space with cameras has a pose itself
        matrix = transform.inverse(space) @ matrix
    return {"transform_matrix": conversion.camera_pose(matrix, camera.name).tolist()}


def _lens(camera: bpy.types.Object, photo: photo_images.PhotoFile) -> dict[str, Any]:
    if not min(photo.size):
        raise errors.TttlrmError(
            "Blender cannot read the photo {} behind the camera “{}”.",
            photo.name,
            camera.name,
            hint="Convert it to JPEG or PNG, or reconstruct the photos from their folder.",
            code=errors.Code.BAD_PHOTO,
        )
    fx, fy, cx, cy = (float(value) for value in intrinsics(camera, photo.size))
    return {"w": photo.size[0], "h": photo.size[1], "fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy}


def intrinsics(camera: bpy.types.Object, size: tuple[int, int], aspect: float = 1.0) -> np.ndarray:
    """[4] fx fy cx cy in pixels of a picture of some size, whose pixels have an aspect unless the camera knows its own.

    Raises `TttlrmError` for cameras that are not perspective ones.
    """
    data = camera_of(camera)
    if data.type != "PERSP":
        raise errors.TttlrmError(
            "The camera “{}” is not a perspective camera.",
            camera.name,
            hint="Set its type to Perspective.",
            code=errors.Code.BAD_CAMERA,
        )
    own = untyped(data).get(PIXEL_ASPECT)  # which anybody can edit
    aspect = own if isinstance(own, float | int) and 0 < own < math.inf else aspect
    fit: str = data.sensor_fit
    if fit == "AUTO":
        fit = "HORIZONTAL" if size[0] >= size[1] * aspect else "VERTICAL"
    sensor = data.sensor_height if data.sensor_fit == "VERTICAL" else data.sensor_width
    return conversion.intrinsics(data.lens, sensor, (data.shift_x, data.shift_y), size, fit, aspect)
