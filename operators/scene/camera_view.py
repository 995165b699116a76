# SPDX-License-Identifier: GPL-3.0-or-later
"""3D views that look through a camera, its frame beside the sidebar, or from the same place through no camera."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import bpy
from mathutils import Matrix, Quaternion, Vector

from ..narrowing import given, untyped
from .cameras import camera_of

FILLED = 0.9  # of the view, by the frame of the camera
SENSOR = 72.0  # mm, the width of a picture that a view's own lens would take; of views that are higher than wide the height
LENSES = (1.0, 250.0)  # mm, that Blender takes for a view
ALIKE = 1e-4  # difference of poses that nobody sees, as a share of the distance, and in radians


@dataclass(frozen=True)
class Pose:
    """Where a 3D view looks from, and how, that looks through no camera."""

    eye: Vector
    rotation: Quaternion
    distance: float  # to what the view is turned around
    lens: float  # mm

    def is_like(self, other: Pose) -> bool:
        """Whether a view looks from the same place into the same direction."""
        apart, turned = (self.eye - other.eye).length, self.rotation.rotation_difference(other.rotation)
        return apart < ALIKE * self.distance and Vector((turned.x, turned.y, turned.z)).length < ALIKE / 2

    def matrix(self) -> Matrix:
        """From the view to the world."""
        return Matrix.Translation(self.eye) @ self.rotation.to_matrix().to_4x4()

    def toward(self, other: Pose, share: float) -> Pose:
        """A pose on the way to another."""
        distance, lens = (a + share * (b - a) for a, b in ((self.distance, other.distance), (self.lens, other.lens)))
        return Pose(self.eye.lerp(other.eye, share), self.rotation.slerp(other.rotation, share), distance, lens)


def pose_of(area: bpy.types.Area) -> Pose:
    """The pose of a 3D view."""
    region_3d, space = region_3d_of(area), space_of(area)
    back = region_3d.view_rotation @ Vector((0, 0, region_3d.view_distance))
    return Pose(region_3d.view_location + back, region_3d.view_rotation.copy(), region_3d.view_distance, space.lens)


def take_pose(area: bpy.types.Area, pose: Pose) -> None:
    """Have a 3D view look through no camera, from a pose."""
    region_3d = region_3d_of(area)
    region_3d.view_perspective = "PERSP"
    region_3d.view_rotation, region_3d.view_distance = pose.rotation, pose.distance
    region_3d.view_location = pose.eye - pose.rotation @ Vector((0, 0, pose.distance))
    space_of(area).lens = pose.lens
    area.tag_redraw()


def pose_at(area: bpy.types.Area, matrix: Matrix, focal: float, size: tuple[float, float], distance: float) -> Pose:
    """The pose of a camera, with the lens with which its picture is as large in a 3D view as it is in `look_through`.

    The focal length is in pixels of a picture of that size.
    """
    region = region_of(area)
    scale = FILLED * min((region.width - covered(area)) / size[0], region.height / size[1])
    lens = SENSOR * focal * scale / max(region.width, region.height)
    return Pose(matrix.translation.copy(), matrix.to_quaternion(), distance, min(max(lens, LENSES[0]), LENSES[1]))


def look_through(window: bpy.types.Window, area: bpy.types.Area, camera: bpy.types.Object, reframe: bool = True) -> None:
    """Have a 3D view look through a camera, which is that of the scene; `reframe` shows its whole frame, beside the sidebar."""
    space, region_3d, region = space_of(area), region_3d_of(area), region_of(area)
    if space.use_local_camera:
        space.camera = camera
    if region_3d.view_perspective != "CAMERA":
        with bpy.context.temp_override(window=window, area=area, region=region):
            bpy.ops.view3d.view_camera()  # unlike setting it, this remembers the view before
    if reframe:
        size = (region.width, region.height)
        region_3d.view_camera_zoom, shift = fitted(given(window.scene), camera, size, covered(area))
        region_3d.view_camera_offset = (shift, 0.0)
    area.tag_redraw()


def fitted(scene: bpy.types.Scene, camera: bpy.types.Object, size: tuple[int, int], beside: int) -> tuple[float, float]:
    """The zoom of a camera's view, and its shift as a share of the view, with which its frame fits beside the sidebar.

    `size` is that of the view, and `beside` how much of its width the sidebar covers, in pixels.
    """
    width, height = size
    across, up = frame_of(scene)
    vertical = camera_of(camera).sensor_fit == "VERTICAL"
    frame = (height * across / up, height) if vertical else (width, width * up / across)  # at a factor of 1
    factor = FILLED * min((width - beside) / frame[0], height / frame[1])
    zoom = 50 * (math.sqrt(4 * factor) - math.sqrt(2))  # as Blender counts it
    return min(max(zoom, -30.0), 600.0), beside / (4 * factor * width)


def frame_of(scene: bpy.types.Scene) -> tuple[float, float]:
    """Width and height of a render, in units of one length."""
    render = scene.render
    return render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y


def covered(area: bpy.types.Area) -> int:
    """The width of the sidebar, if it lies above the view."""
    above = given(bpy.context.preferences).system.use_region_overlap
    return sum(region.width for region in area.regions if region.type == "UI" and region.width > 1) if above else 0


def viewports() -> Iterator[tuple[bpy.types.Window, bpy.types.Area]]:
    """All 3D views."""
    for window in given(bpy.context.window_manager).windows:
        yield from ((window, area) for area in window.screen.areas if area.type == "VIEW_3D")


def region_of(area: bpy.types.Area) -> bpy.types.Region:
    """The view itself, without header and sidebars."""
    return next(region for region in area.regions if region.type == "WINDOW")


def region_3d_of(area: bpy.types.Area) -> bpy.types.RegionView3D:
    """Where a view looks from."""
    return given(space_of(area).region_3d)


def space_of(area: bpy.types.Area) -> bpy.types.SpaceView3D:
    """What a view shows, and how."""
    return untyped(area.spaces.active)
