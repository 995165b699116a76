# SPDX-License-Identifier: GPL-3.0-or-later
"""3D views that fly to the scene's camera, unless a person has moved them meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
from mathutils import Matrix

from ..narrowing import given, untyped

Views = dict[int, Matrix]  # where 3D views look from, by their areas


def views_now() -> Views:
    """Where all 3D views look from."""
    return {area.as_pointer(): _region_3d(area).view_matrix.copy() for _, area in _viewports()}


def fly_to_camera(before: Views) -> None:
    """Let the views that have stayed where they were before fly to the scene's camera, as far as they show that scene."""
    for window, area in _viewports():
        region_3d = _region_3d(area)
        stayed = before.get(area.as_pointer()) == region_3d.view_matrix
        if stayed and window.scene == bpy.context.scene and region_3d.view_perspective != "CAMERA":
            region = next(region for region in area.regions if region.type == "WINDOW")
            with bpy.context.temp_override(window=window, area=area, region=region):
                bpy.ops.view3d.view_camera()


def _viewports() -> Iterator[tuple[bpy.types.Window, bpy.types.Area]]:
    for window in given(bpy.context.window_manager).windows:
        yield from ((window, area) for area in window.screen.areas if area.type == "VIEW_3D")


def _region_3d(area: bpy.types.Area) -> bpy.types.RegionView3D:
    return given(untyped(area.spaces.active).region_3d)
