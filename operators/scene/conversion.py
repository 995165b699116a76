# SPDX-License-Identifier: GPL-3.0-or-later
"""Coordinates and colors, engine ↔ Blender.

The worlds are the same, z up; only cameras differ: the engine's look along +z with y down (OpenCV), Blender's along −z
with y up (OpenGL). Splat and vertex colors are sRGB values; Blender's shaders work in linear light.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..engine import cameras, errors, ground, transform

CAMERA_AXES = cameras.OPENGL_AXES
# From a file's world to Blender's, by the file's axis that points up.
AXES = {
    "NEGATIVE_Y": np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
    "Y": np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
    "Z": np.eye(4),
}
FLAT = 1e-3  # volume that the unit axes of a camera span; less has lost a direction
SENSOR = 36.0  # millimeters, the side of the sensor that the focal length refers to


def camera_to_blender(
    c2w: np.ndarray,  # [4, 4], OpenCV axes
) -> np.ndarray:  # [4, 4]
    """The world matrix of a Blender camera."""
    return c2w @ CAMERA_AXES


def camera_from_blender(
    matrix: np.ndarray,  # [4, 4], a Blender camera's local to world, possibly scaled
    name: str,  # of the camera, for errors
) -> np.ndarray:  # [4, 4], OpenCV axes
    """The engine's pose of a Blender camera. Raises `TttlrmError` as `camera_pose` does."""
    return camera_pose(matrix, name) @ CAMERA_AXES


def camera_pose(
    matrix: np.ndarray,  # [4, 4], a Blender camera's local to world, possibly scaled
    name: str,  # of the camera, for errors
) -> np.ndarray:  # [4, 4]
    """The pose of a Blender camera, in its own axes. A camera object's scale means nothing to its picture.

    Raises `TttlrmError` for cameras that are mirrored, flattened or nowhere, whose pictures no camera takes.
    """
    pose = camera_axes(matrix, name)
    if np.linalg.det(pose[:3, :3]) < FLAT:
        raise _bad_scale(name)
    pose[:3, :3] = transform.rotation_of(pose[:3, :3])  # parents may shear it
    return pose


def camera_axes(
    matrix: np.ndarray,  # [4, 4], a Blender camera's local to world, possibly scaled
    name: str,  # of the camera, for errors
) -> np.ndarray:  # [4, 4]
    """The place and the unit axes of a Blender camera, even if it is mirrored.

    Raises `TttlrmError` if it is scaled to zero, or placed nowhere, as by a driver that divides by zero.
    """
    if not np.isfinite(matrix).all():
        raise errors.TttlrmError(
            "The position of the camera “{}” is not a number.",
            name,
            hint="Look at its transform, its drivers and its constraints.",
            code=errors.Code.BAD_CAMERA,
        )
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not lengths.min() > 0:
        raise _bad_scale(name)
    pose = matrix.copy()
    pose[:3, :3] /= lengths
    return pose


def _bad_scale(name: str) -> errors.TttlrmError:
    return errors.TttlrmError(
        "The object “{}” is mirrored or scaled to zero.",
        name,
        hint="Clear its scale and that of its parents.",
        code=errors.Code.BAD_CAMERA,
    )


@dataclass(frozen=True)
class Lens:
    """Intrinsics as a Blender camera has them."""

    fit: str  # "HORIZONTAL" or "VERTICAL": the side of the picture that is SENSOR wide
    length: float  # millimeters
    shift_x: float  # as a share of that side
    shift_y: float
    pixel_aspect: float  # height of a pixel over its width; a setting of the scene in Blender


def lens(
    intrinsics: np.ndarray,  # [4], fx fy cx cy in pixels
    size: tuple[int, int],  # width, height in pixels
    fit: str = "HORIZONTAL",
) -> Lens:
    """The lens of a Blender camera that projects exactly as these intrinsics do."""
    fx, fy, cx, cy = (float(value) for value in intrinsics)
    width, height = size[0], size[1] * fx / fy  # in units of a pixel's width
    side = width if fit == "HORIZONTAL" else height
    return Lens(fit, SENSOR * fx / side, (width / 2 - cx) / side, (cy * fx / fy - height / 2) / side, fx / fy)


def intrinsics(
    length: float,  # millimeters
    sensor: float,  # millimeters, of the side `fit`
    shift: tuple[float, float],  # as shares of that side
    size: tuple[int, int],  # width, height in pixels
    fit: str,  # "HORIZONTAL" or "VERTICAL"
    pixel_aspect: float = 1.0,
) -> np.ndarray:  # [4], fx fy cx cy in pixels
    """The intrinsics of a Blender camera for a picture of some size."""
    width, height = size[0], size[1] * pixel_aspect
    side = width if fit == "HORIZONTAL" else height
    fx, cx, cy = length / sensor * side, width / 2 - shift[0] * side, height / 2 + shift[1] * side
    return np.array([fx, fx / pixel_aspect, cx, cy / pixel_aspect])


def upright(
    c2w: np.ndarray,  # [V, 4, 4], OpenCV axes
) -> np.ndarray:  # [4, 4]
    """The rotation of the world that makes the cameras' mean upward direction +z, for poses without a known up."""
    matrix = np.eye(4)
    matrix[:3, :3] = ground.turn_up(ground.mean_up(c2w))
    return matrix


def encoded(
    colors: np.ndarray,  # in linear light
) -> np.ndarray:
    """sRGB values, 0 to 1, of colors in linear light; brighter ones become white."""
    colors = np.clip(colors, 0, 1)
    return np.where(colors <= 0.0031308, colors * 12.92, 1.055 * colors ** (1 / 2.4) - 0.055)


def linear(
    colors: np.ndarray,  # sRGB, 0 to 1
) -> np.ndarray:
    """sRGB values in linear light."""
    return np.where(colors <= 0.04045, colors / 12.92, ((np.maximum(colors, 0) + 0.055) / 1.055) ** 2.4)
