# SPDX-License-Identifier: GPL-3.0-or-later
"""3D views that fly to the scene's camera, unless a person has moved them meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator

import bpy
from mathutils import Matrix

from ..narrowing import given, untyped
from .cameras import camera_of

FILLED = 0.9  # of the view, by the frame of the camera
Views = dict[int, Matrix]  # where 3D views look from, by their areas


def views_now() -> Views:
    """Where all 3D views look from; none without windows to see them in."""
    if bpy.app.background:
        return {}
    return {area.as_pointer(): _region_3d(area).view_matrix.copy() for _, area in _viewports()}


def fly_to_camera(before: Views) -> None:
    """Let the views that have stayed where they were before fly to the scene's camera, as far as they show that scene."""
    for window, area in _viewports():
        region_3d = _region_3d(area)
        stayed = before.get(area.as_pointer()) == region_3d.view_matrix
        if stayed and window.scene == bpy.context.scene and region_3d.view_perspective != "CAMERA":
            region = next(region for region in area.regions if region.type == "WINDOW")
            size, covered = (region.width, region.height), _covered(area)
            zoom, region_3d.view_camera_offset[0] = fitted(given(bpy.context.scene), size, covered)
            region_3d.view_camera_zoom = zoom
            with bpy.context.temp_override(window=window, area=area, region=region):
                bpy.ops.view3d.view_camera()


def fitted(scene: bpy.types.Scene, size: tuple[int, int], covered: int) -> tuple[float, float]:
    """The zoom of a camera's view, and its shift as a share of the view, with which its frame fits beside the sidebar.

    `size` is that of the view, and `covered` how much of its width the sidebar covers, in pixels.
    """
    width, height = size
    across, up = scene.render.resolution_x, scene.render.resolution_y
    vertical = camera_of(given(scene.camera)).sensor_fit == "VERTICAL"
    frame = (height * across / up, height) if vertical else (width, width * up / across)  # at a factor of 1
    factor = FILLED * min((width - covered) / frame[0], height / frame[1])
    zoom = 50 * (math.sqrt(4 * factor) - math.sqrt(2))  # as Blender counts it
    return min(max(zoom, -30.0), 600.0), covered / (4 * factor * width)


def _covered(area: bpy.types.Area) -> int:
    """The width of the sidebar, if it lies above the view."""
    above = given(bpy.context.preferences).system.use_region_overlap
    return sum(region.width for region in area.regions if region.type == "UI" and region.width > 1) if above else 0


def _viewports() -> Iterator[tuple[bpy.types.Window, bpy.types.Area]]:
    for window in given(bpy.context.window_manager).windows:
        yield from ((window, area) for area in window.screen.areas if area.type == "VIEW_3D")


def _region_3d(area: bpy.types.Area) -> bpy.types.RegionView3D:
    return given(untyped(area.spaces.active).region_3d)
