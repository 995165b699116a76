# SPDX-License-Identifier: GPL-3.0-or-later
"""Views fly to cameras unless somebody moves them, and the frame of a camera fits into the view, beside the sidebar."""

import math
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from operators.engine import results
from operators.scene import camera_view, flight
from operators.scene.camera_view import FILLED, fitted, pose_of, region_3d_of, space_of, viewports
from operators.scene.conversion import camera_to_blender
from operators.scene.flight import fly_to_camera, fly_to_photo, views_now

FOCAL, SIZE = 90.0, (60, 80)


@pytest.mark.parametrize(("width", "height"), [(1000, 600), (600, 1000)])
@pytest.mark.parametrize("fit", ["HORIZONTAL", "VERTICAL"])
@pytest.mark.parametrize(("across", "up"), [(400, 300), (300, 400)])
@pytest.mark.parametrize("covered", [0, 200])
def test_the_frame_fits_beside_the_sidebar(width, height, fit, across, up, covered):
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.sensor_fit = fit
    scene.render.resolution_x, scene.render.resolution_y = across, up
    zoom, shift = fitted(scene, camera, (width, height), covered)
    factor = (math.sqrt(2) + zoom / 50) ** 2 / 4
    frame_up = factor * (height if fit == "VERTICAL" else width * up / across)
    frame_across = frame_up * across / up
    assert max(frame_across / (width - covered), frame_up / height) == pytest.approx(FILLED)
    assert 2 * factor * shift * width == pytest.approx(covered / 2)


@pytest.fixture
def area(monkeypatch) -> bpy.types.Area:
    """A 3D view that is watched, of an empty scene."""
    bpy.ops.wm.read_homefile(use_empty=True)
    monkeypatch.setattr(flight, "watched", True)
    bpy.context.preferences.view.smooth_view = 0
    return next(area for _, area in viewports())


def table() -> results.CameraTable:
    c2w = np.array([[[1.0, 0, 0, 5], [0, 0, 1, -7], [0, -1, 0, 1], [0, 0, 0, 1]]])  # from (5, -7, 1) along y
    lens = np.array([[FOCAL, FOCAL, SIZE[0] / 2, SIZE[1] / 2]])
    return results.CameraTable(["a.jpg"], c2w, lens, np.array([SIZE]))


def camera_at(matrix: Matrix) -> bpy.types.Object:
    """The scene's camera, which sees what a photo of the table shows."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("a", bpy.data.cameras.new("a"))
    camera.data.sensor_fit, camera.data.lens = "HORIZONTAL", 36 * FOCAL / SIZE[0]
    camera.matrix_world = matrix
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    return camera


def test_views_fly_to_a_photo_then_look_through_its_camera_from_the_same_place(area):
    views, lens = views_now(bpy.context.scene), space_of(area).lens
    fly_to_photo(views, table(), 0, Matrix(), np.array([5.0, 2, 1]))
    seen = pose_of(area)
    assert np.allclose(seen.eye, (5, -7, 1), atol=1e-4) and seen.distance == pytest.approx(9)
    assert np.allclose(seen.rotation @ Vector((0, 0, -1)), (0, 1, 0), atol=1e-5)
    region = camera_view.region_of(area)
    assert seen.lens * max(region.width, region.height) / 72 * SIZE[1] / FOCAL <= FILLED * region.height + 1
    camera = camera_at(Matrix(camera_to_blender(table().c2w[0]).tolist()))
    given_pose = flight._pose_at(bpy.context.scene, area, camera)
    assert given_pose.is_like(seen) and given_pose.lens == pytest.approx(seen.lens, rel=1e-4), "as large as before"
    fly_to_camera(views, camera)
    assert region_3d_of(area).view_perspective == "CAMERA"
    assert space_of(area).lens == lens, "a view has its own lens back"


def test_the_world_of_a_preview_moves_the_flight(area):
    fly_to_photo(views_now(bpy.context.scene), table(), 0, Matrix.Translation((0, 0, 3)), np.zeros(3))
    assert np.allclose(pose_of(area).eye, (5, -7, 4), atol=1e-4)


def test_what_lies_behind_a_photo_is_nothing_to_turn_around(area):
    before = region_3d_of(area).view_distance
    fly_to_photo(views_now(bpy.context.scene), table(), 0, Matrix(), np.array([5.0, -9, 1]))
    assert region_3d_of(area).view_distance == pytest.approx(before)


@pytest.mark.parametrize("moved", ["moved", "turned", "another scene", "through a camera"])
def test_views_that_somebody_has_moved_stay(area, moved):
    views = views_now(bpy.context.scene)
    if moved == "moved":
        region_3d_of(area).view_location.x += 1
    elif moved == "turned":
        region_3d_of(area).view_rotation.rotate(Matrix.Rotation(1, 3, "Z"))
    elif moved == "another scene":
        views.scene = 0
    else:
        region_3d_of(area).view_perspective = "CAMERA"
        views = views_now(bpy.context.scene)
    before = flight._left(area)
    fly_to_photo(views, table(), 0, Matrix(), np.zeros(3))
    assert flight._left(area) == before
    if moved != "through a camera":
        fly_to_camera(views, camera_at(Matrix()))
        assert region_3d_of(area).view_perspective != "CAMERA"


def test_flights_are_smooth_and_end_where_a_person_takes_the_view(area, monkeypatch):
    bpy.context.preferences.view.smooth_view = 200
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(flight, "time", SimpleNamespace(monotonic=lambda: clock.now))
    start, ways = pose_of(area).eye, []
    views = views_now(bpy.context.scene)
    fly_to_photo(views, table(), 0, Matrix(), np.zeros(3))
    assert np.allclose(np.linalg.inv(flight.bound_for(area))[:3, 3], (5, -7, 1), atol=1e-4)
    for clock.now in (0.05, 0.1, 0.15):
        assert flight._go_on() == flight.TICK
        ways.append((pose_of(area).eye - start).length)
    assert ways == sorted(set(ways)) and ways[1] == pytest.approx((Vector((5, -7, 1)) - start).length / 2, rel=1e-3)
    region_3d_of(area).view_distance *= 2
    clock.now, before = 0.2, flight._left(area)
    assert flight._go_on() is None and flight._left(area) == before and flight.bound_for(area) is None
    fly_to_camera(views, camera_at(Matrix()))
    assert flight._left(area) == before, "nor later"


def test_without_windows_no_view_flies():
    assert views_now(bpy.context.scene).left == {}
