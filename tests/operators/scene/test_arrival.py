# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new reconstruction presents itself, and that what a person has chosen stays."""

import bpy
import numpy as np
import pytest

from operators import engine
from operators.scene import arrival, other_cameras, startup
from operators.scene.reconstruction import build_scene, cameras_collection, cameras_of
from operators.scene.splats import is_splats

pytestmark = pytest.mark.usefixtures("registered")
PLACES = {"a.jpg": -4.0, "b.jpg": 1.0, "c.jpg": 0.0, "d.jpg": 6.0, "e.jpg": -1.0}  # along x
SIZE = (60, 80)


def made(places: dict[str, float] = PLACES):
    """A reconstruction with cameras in a row, and its table of cameras."""
    c2w = np.tile(np.eye(4), (len(places), 1, 1))
    c2w[:, 0, 3] = list(places.values())
    lens = np.tile([50.0, 50, SIZE[0] / 2, SIZE[1] / 2], (len(places), 1))
    table = engine.results.CameraTable(list(places), c2w, lens, np.tile(SIZE, (len(places), 1)))
    splats = engine.gaussians.allocate(2, 0)
    splats.means[:] = [[0, 0, 0], [1, 1, 1]]
    result = engine.results.ReconstructResult(splats, table, len(places), {})
    collection = build_scene("castle", result, {})
    return next(obj for obj in collection.objects if is_splats(obj)), table


@pytest.fixture
def scene() -> bpy.types.Scene:
    bpy.ops.wm.read_homefile(use_empty=True)
    return bpy.context.scene


def test_an_empty_scene_gets_the_most_central_camera_and_its_size(scene):
    splats, table = made()
    best = arrival.present(bpy.context, splats, table)
    assert best == scene.camera and best.data["tttlrm_photo"] == "c.jpg"
    assert (scene.render.resolution_x, scene.render.resolution_y) == SIZE
    assert best.visible_get() and [camera.visible_get() for camera in cameras_of(splats)].count(True) == 1


def test_one_eye_shows_the_other_cameras(scene):
    splats, table = made()
    arrival.present(bpy.context, splats, table)
    layer = bpy.context.view_layer.layer_collection.children["castle"].children["castle cameras"]
    assert layer.hide_viewport and len(layer.collection.objects) == 5, "it is the source of all photos still"
    layer.hide_viewport = False
    assert all(camera.visible_get() for camera in cameras_of(splats))
    assert cameras_collection(splats) == layer.collection


def test_a_camera_behind_the_closed_eye_changes_places_with_the_one_beside_the_splats(scene):
    splats, table = made()
    first = arrival.present(bpy.context, splats, table)
    layer = bpy.context.view_layer.layer_collection.children["castle"].children["castle cameras"]
    other = next(iter(layer.collection.objects))
    other_cameras.exchange(bpy.context.view_layer, splats, other)
    seen = [camera for camera in cameras_of(splats) if camera.visible_get()]
    assert seen == [other] and first.users_collection == (layer.collection,) and layer.hide_viewport
    assert len(layer.collection.objects) == 5
    layer.hide_viewport = False
    other_cameras.exchange(bpy.context.view_layer, splats, first)
    assert first.users_collection == (layer.collection,), "behind an open eye all can be seen"


def test_the_camera_that_an_older_version_took_out_comes_back_into_its_collection(scene):
    splats, table = made()
    first = arrival.present(bpy.context, splats, table)
    layer = bpy.context.view_layer.layer_collection.children["castle"].children["castle cameras"]
    layer.collection.objects.unlink(first)
    other = next(iter(layer.collection.objects))
    other_cameras.exchange(bpy.context.view_layer, splats, other)
    assert [camera.visible_get() for camera in (first, other)] == [False, True] and len(layer.collection.objects) == 5


def test_the_leftover_of_the_startup_file_goes_only_if_it_is_empty(scene):
    for name in ("Collection", "Mine"):
        scene.collection.children.link(bpy.data.collections.new(name))
    arrival.present(bpy.context, *made())
    assert "Collection" not in bpy.data.collections and "Mine" in bpy.data.collections
    full = bpy.data.collections.new("Collection")
    scene.collection.children.link(full)
    full.objects.link(bpy.data.objects.new("thing", None))
    arrival.present(bpy.context, *made())
    assert "Collection" in bpy.data.collections


def test_blenders_startup_scene_is_one_in_which_nobody_has_chosen_anything():
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    scene = bpy.context.scene
    assert startup.takes_camera(scene) and startup.renders_as_at_startup(scene)
    assert arrival.present(bpy.context, *made()) == scene.camera != bpy.data.objects["Camera"]
    assert "Cube" in scene.objects and "Collection" in bpy.data.collections


@pytest.mark.parametrize("change", ["moved", "animated", "another"])
def test_a_camera_that_a_person_has_chosen_stays(change):
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    scene = bpy.context.scene
    if change == "moved":
        scene.camera.location.x += 1
    elif change == "animated":
        scene.camera.keyframe_insert("location")
    else:
        scene.camera = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    before = scene.camera
    assert arrival.present(bpy.context, *made()) is None
    assert scene.camera == before and startup.renders_as_at_startup(scene)


def test_a_size_that_a_person_has_chosen_stays(scene):
    scene.render.resolution_x = 1000
    assert arrival.present(bpy.context, *made()) == scene.camera is not None
    assert (scene.render.resolution_x, scene.render.resolution_y) == (1000, 1080)


def test_cameras_in_one_place_are_no_fault(scene):
    splats, table = made({"b.jpg": 0.0, "a.jpg": 0.0})
    assert arrival.present(bpy.context, splats, table).data["tttlrm_photo"] in table.names


def test_the_most_central_camera_is_the_first_of_those_that_are():
    c2w = np.tile(np.eye(4), (4, 1, 1))
    c2w[:, 0, 3] = [3, 1, 0, 2]
    assert arrival.most_central(c2w) == 1
