# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in a 3D view the photo is whose camera it looks through."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..engine import errors
from ..narrowing import given, untyped
from ..scene.cameras import background_photo, camera_of, image_user, intrinsics
from ..scene.compare import camera_seen, is_photo_camera, looks_through
from ..scene.photo_images import photo_size


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of a view, from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def within(self, other: Box) -> Box:
        """What two boxes share."""
        left, bottom = max(self.left, other.left), max(self.bottom, other.bottom)
        return Box(left, bottom, min(self.right, other.right), min(self.top, other.top))

    def at(self, share: float) -> float:
        """The column at a share of the width."""
        return self.left + share * (self.right - self.left)

    def share(self, column: float) -> float:
        """The share of the width at a column, 0 to 1."""
        return min(max((column - self.left) / (self.right - self.left), 0.0), 1.0)


@dataclass(frozen=True)
class Sight:
    """A photo in a view."""

    image: bpy.types.Image
    photo: Box  # the whole photo
    shown: Box  # what of it is in the camera's frame


def sight_in(context: bpy.types.Context) -> Sight | None:
    """The photo in the 3D view of an operator's context."""
    space, region = context.space_data, next(region for region in given(context.area).regions if region.type == "WINDOW")
    assert isinstance(space, bpy.types.SpaceView3D)
    matrix = np.array(given(space.region_3d).window_matrix)
    return sight_of(given(context.scene), space, (region.width, region.height), matrix)


def sight_of(
    scene: bpy.types.Scene,
    space: bpy.types.SpaceView3D,
    size: tuple[int, int],  # width and height of the view in pixels
    projection: np.ndarray,  # [4, 4], view to clip space
) -> Sight | None:
    """The photo behind the camera that a view looks through; None if it looks through none, or the photo is not there."""
    camera = camera_seen(scene, space)
    if not looks_through(space) or not is_photo_camera(camera):
        return None
    return sight_through(scene, given(camera), size, projection)


def sight_through(
    scene: bpy.types.Scene,
    camera: bpy.types.Object,
    size: tuple[int, int],
    projection: np.ndarray,  # [4, 4]
) -> Sight | None:
    """The photo behind a camera, each of its pixels where the camera's lens sees it, whatever the shape of the render is."""
    image = background_photo(camera)
    if image is None:
        return None
    width, height = photo_size(image, image_user(camera))
    try:
        fx, fy, cx, cy = intrinsics(camera, (width, height)).tolist()
    except errors.TttlrmError:  # not a perspective camera
        return None
    if not width * height * fx * fy:
        return None
    corners = [[-cx / fx, (cy - height) / fy, -1.0, 1.0], [(width - cx) / fx, cy / fy, -1.0, 1.0]]
    photo = _in_pixels(np.array(corners), size, projection)
    shown = photo.within(_frame(scene, camera, size, projection))
    return Sight(image, photo, shown) if shown.right > shown.left and shown.top > shown.bottom else None


def _frame(scene: bpy.types.Scene, camera: bpy.types.Object, size: tuple[int, int], projection: np.ndarray) -> Box:
    """What the camera renders."""
    corners = np.array([tuple(corner) for corner in untyped(camera_of(camera)).view_frame(scene=scene)])
    corners = np.pad(corners, ((0, 0), (0, 1)), constant_values=1.0)
    return _in_pixels(np.array([corners.min(axis=0), corners.max(axis=0)]), size, projection)


def _in_pixels(
    corners: np.ndarray,  # [2, 4], lower left and upper right in the space of the camera
    size: tuple[int, int],
    projection: np.ndarray,  # [4, 4]
) -> Box:
    clip = corners @ projection.T
    left, bottom, right, top = ((clip[:, :2] / clip[:, 3:] + 1) / 2 * size).ravel().tolist()
    return Box(left, bottom, right, top)
