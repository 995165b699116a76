# SPDX-License-Identifier: GPL-3.0-or-later
"""3D views that fly to the camera of a photo, unless a person moves them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import bpy
import numpy as np
from mathutils import Matrix

from ..engine import errors, results
from ..narrowing import given, untyped
from . import camera_view, conversion
from .camera_view import Pose, look_through, pose_at, pose_of, region_3d_of, take_pose, viewports
from .cameras import intrinsics
from .lookup import find

TICK = 1 / 60  # seconds between steps of a flight
watched = not bpy.app.background  # whether there are windows to see views in
Left = tuple  # how a view was left


@dataclass
class Views:
    """3D views on a scene as they were left at a moment, and since then by flights."""

    scene: int  # its `session_uid`
    left: dict[int, Left] = field(default_factory=dict)  # by their areas
    lenses: dict[int, float] = field(default_factory=dict)  # of views that have flown, before that

    def unmoved(self) -> Iterator[tuple[bpy.types.Window, bpy.types.Area]]:
        """Those that nobody has moved since."""
        for window, area in viewports():
            if window.scene.session_uid == self.scene and self.left.get(area.as_pointer()) == _left(area):
                yield window, area


@dataclass(frozen=True)
class Flight:
    """One view on its way."""

    views: Views
    start: Pose
    end: Pose
    camera: int  # `session_uid` of what to look through in the end; 0 for none
    begun: float

    @property
    def share(self) -> float:
        """How far on the way it is by now, 0 to 1."""
        seconds = given(bpy.context.preferences).view.smooth_view / 1000 if watched else 0.0
        passed = time.monotonic() - self.begun
        return 1.0 if passed >= seconds or self.start.is_like(self.end) else passed / seconds


_flights: dict[int, Flight] = {}  # by areas


def views_now(scene: bpy.types.Scene) -> Views:
    """All 3D views on a scene; none without windows to see them in."""
    areas = [area for window, area in viewports() if window.scene == scene] if watched else []
    return Views(scene.session_uid, {area.as_pointer(): _left(area) for area in areas})


def view_now(scene: bpy.types.Scene, area: bpy.types.Area) -> Views:
    """One 3D view."""
    return Views(scene.session_uid, {area.as_pointer(): _left(area)})


def fly_to_photo(views: Views, table: results.CameraTable, index: int, world: Matrix, around: np.ndarray) -> None:
    """Let unmoved views, except those through a camera, fly to where a photo was taken, before there is a camera object.

    `around` [3] is the place, among the cameras of the table, around which views then turn; `world` moves the table's cameras.
    """
    c2w, size = table.c2w[index], table.sizes[index].tolist()
    matrix = world @ Matrix(conversion.camera_to_blender(c2w).tolist())
    away = float((around - c2w[:3, 3]) @ c2w[:3, 2])
    for _, area in list(views.unmoved()):
        if region_3d_of(area).view_perspective != "CAMERA":
            distance = away if away > 0 else region_3d_of(area).view_distance
            _depart(views, area, pose_at(area, matrix, float(table.intrinsics[index, 0]), (size[0], size[1]), distance))
    _go_on()


def fly_to_camera(views: Views, camera: bpy.types.Object, reframe: bool = True) -> None:
    """Let unmoved views fly to the camera of the scene, and look through it.

    Those that look through a camera already show it at once; `reframe` shows its whole frame there.
    """
    for window, area in list(views.unmoved()):
        end = None if region_3d_of(area).view_perspective == "CAMERA" else _pose_at(window.scene, area, camera)
        if end is None:
            look_through(window, area, camera, reframe)
        else:
            _depart(views, area, end, camera.session_uid)
    _go_on()


def bound_for(area: bpy.types.Area) -> np.ndarray | None:  # [4, 4], from the world to the view
    """From where a 3D view that flies will look when it has arrived; None for those that do not fly."""
    flight = _flights.get(area.as_pointer())
    return np.array(flight.end.matrix().inverted()) if flight else None


def _pose_at(scene: bpy.types.Scene, area: bpy.types.Area, camera: bpy.types.Object) -> Pose | None:
    """The pose of a camera object; None for those with another projection."""
    render, size = scene.render, camera_view.frame_of(scene)
    pixels, aspect = (render.resolution_x, render.resolution_y), render.pixel_aspect_y / render.pixel_aspect_x
    given(bpy.context.view_layer).update()
    try:
        focal = float(intrinsics(camera, pixels, aspect)[0]) * render.pixel_aspect_x
    except errors.TttlrmError:
        return None
    return pose_at(area, camera.matrix_world, focal, size, region_3d_of(area).view_distance)


def _depart(views: Views, area: bpy.types.Area, end: Pose, camera: int = 0) -> None:
    start = pose_of(area)
    views.lenses.setdefault(area.as_pointer(), start.lens)
    _flights[area.as_pointer()] = Flight(views, start, end, camera, time.monotonic())


def _go_on() -> float | None:
    """Move all views that fly on, as Blender's timer calls this for until they have arrived."""
    for area_id, flight in list(_flights.items()):
        window, area = next((one for one in flight.views.unmoved() if one[1].as_pointer() == area_id), (None, None))
        share = flight.share
        if window is None or area is None or share == 1.0:
            del _flights[area_id]
        if window is None or area is None:
            continue  # a person has moved it, or closed it
        take_pose(area, flight.start.toward(flight.end, share * share * (3 - 2 * share)))
        if share == 1.0 and flight.camera:
            _arrive(window, area, flight)
        flight.views.left[area_id] = _left(area)
    if not _flights:
        return None
    if not bpy.app.timers.is_registered(_go_on):
        bpy.app.timers.register(_go_on, first_interval=TICK)
    return TICK


def _arrive(window: bpy.types.Window, area: bpy.types.Area, flight: Flight) -> None:
    """Look through the camera, and give the view its own lens back, which is seen only when it looks through none again."""
    camera = find(flight.camera)
    if camera is not None:
        look_through(window, area, camera)
        camera_view.space_of(area).lens = flight.views.lenses.pop(area.as_pointer())


def _left(area: bpy.types.Area) -> Left:
    region_3d = region_3d_of(area)
    where = (*untyped(region_3d.view_location), *untyped(region_3d.view_rotation), region_3d.view_distance)
    return region_3d.view_perspective, where
