# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews are guests: they come, change and go, and nothing else does."""

import bpy
import numpy as np
import pytest

from operators.engine import results
from operators.scene import preview as previews
from operators.scene.drawing import drawn_by_blender
from operators.scene.frusta import frusta
from operators.scene.lookup import find
from operators.scene.preview import MARK, Preview
from operators.scene.splats import add_splats, read_splats
from tttlrm_blender.gaussians.gaussians import Gaussians


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def splats(count: int) -> Gaussians:
    ones = np.ones((count, 4), np.float32)
    means = np.arange(count * 3, dtype=np.float32).reshape(-1, 3)
    return Gaussians(means, ones / 2, ones[:, :3], ones[:, 0] / 2, np.repeat(ones[:, None, :3], 4, axis=1))


@pytest.fixture
def own() -> bpy.types.Object:
    """A person's splats, moved and active, and another selected object."""
    own = add_splats("own", splats(3))
    own.location = (1, 2, 3)
    other = bpy.data.objects.new("other", None)
    bpy.context.collection.objects.link(other)
    for obj in (own, other):
        obj.select_set(True)
    bpy.context.view_layer.objects.active = own
    bpy.context.view_layer.update()
    return own


def state() -> tuple:
    objects = [(obj.name, obj.select_get(), obj.hide_get(), tuple(obj.location)) for obj in bpy.data.objects]
    return objects, bpy.context.view_layer.objects.active, [cloud.name for cloud in bpy.data.pointclouds]


def shown() -> list[bpy.types.Object]:
    return [obj for obj in bpy.data.objects if MARK in obj]


def test_previews_in_a_row_are_one_object(own):
    preview, before = Preview(), state()
    for count in (5, 7, 6):
        preview.show(splats(count))
        (obj,) = shown()
        assert len(obj.data.points) == count and obj.data.name == "tttLRM preview"
        np.testing.assert_array_equal(read_splats(obj).means, splats(count).means)
        assert len(bpy.data.pointclouds) == 2 and not obj.select_get()
        assert bpy.context.view_layer.objects.active == own and own.select_get() and not own.hide_get()
    preview.remove()
    assert state() == before


def test_a_preview_stands_where_the_splats_stand_that_it_replaces(own):
    preview, before = Preview(own.session_uid), state()
    for count in (5, 7):
        preview.show(splats(count))
        bpy.context.view_layer.update()
        assert own.hide_get() and shown()[0].matrix_world == own.matrix_world
        assert bpy.context.view_layer.objects.active == own and bpy.data.objects["other"].select_get()
    preview.remove()
    bpy.context.view_layer.update()
    assert state() == before


def test_who_has_gone_on_to_something_else_keeps_that(own):
    preview = Preview(own.session_uid)
    preview.show(splats(5))
    bpy.context.view_layer.objects.active = bpy.data.objects["other"]
    preview.remove()
    assert not own.hide_get() and not own.select_get() and bpy.data.objects["other"].select_get()


def test_hidden_splats_stay_hidden(own):
    own.hide_set(True)
    preview = Preview(own.session_uid)
    preview.show(splats(5))
    preview.remove()
    assert own.hide_get() and not shown()


def test_a_preview_or_splats_that_a_person_deletes_do_no_harm(own):
    preview = Preview(own.session_uid)
    preview.show(splats(5))
    bpy.data.objects.remove(shown()[0])
    preview.show(splats(6))
    assert len(shown()) == 1 and own.hide_get()
    bpy.data.objects.remove(shown()[0])
    preview.remove()
    assert not own.hide_get() and own.select_get()
    preview.show(splats(5))
    bpy.data.objects.remove(own)
    preview.show(splats(6))
    preview.remove()
    assert not shown()


@pytest.fixture
def looked_after():
    """Blender's handlers."""
    previews.register()
    yield
    previews.unregister()


def test_nobody_takes_hold_of_a_preview_but_it_goes_where_the_splats_go(own):
    Preview(own.session_uid).show(splats(5))
    bpy.ops.object.select_all(action="SELECT")
    assert bpy.context.selected_objects == [bpy.data.objects["other"]]
    own.location.x = 7
    bpy.context.view_layer.update()
    assert shown()[0].matrix_world == own.matrix_world


def test_renders_stay_as_they_are(own):
    bpy.context.scene.cycles.transparent_max_bounces = 8
    Preview(own.session_uid).show(splats(5))
    assert shown()[0].hide_render and not shown()[0].modifiers and not own.hide_render
    assert bpy.context.scene.cycles.transparent_max_bounces == 8


def test_splats_come_back_in_the_view_layer_that_they_were_hidden_in(own):
    preview, first = Preview(own.session_uid), bpy.context.window.view_layer
    preview.show(splats(5))
    bpy.context.window.view_layer = bpy.context.scene.view_layers.new("second")
    preview.show(splats(6))
    preview.remove()
    assert not own.hide_get(view_layer=first) and own.select_get(view_layer=first)
    assert not own.hide_get()


def test_splats_that_were_taken_out_of_their_collections_do_no_harm(own):
    own.use_fake_user = True
    preview = Preview(own.session_uid)
    bpy.context.collection.objects.unlink(own)
    preview.show(splats(5))
    assert len(shown()) == 1
    preview.remove()
    assert not shown()


def test_saving_saves_what_was_there_before_and_the_next_preview_comes_anew(own, looked_after, tmp_path):
    preview, before = Preview(own.session_uid), state()
    preview.show(splats(5))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "in_between.blend"), copy=True)
    assert state() == before
    preview.show(splats(6))
    assert own.hide_get() and len(shown()) == 1
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "in_between.blend"))
    assert {obj.name for obj in bpy.context.selected_objects} == {"own", "other"}
    assert len(bpy.data.pointclouds) == 1 and len(bpy.context.visible_objects) == 2


def test_without_handlers_a_preview_is_saved_in_no_file_either(own, tmp_path):
    Preview().show(splats(5))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "in_between.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "in_between.blend"))
    assert sorted(obj.name for obj in bpy.data.objects) == ["other", "own"] and len(bpy.data.pointclouds) == 1


def test_undoing_while_and_after_splats_are_on_their_way(own, looked_after):
    uid, preview = own.session_uid, Preview(own.session_uid)
    for name in ("first", "second"):  # what a person does meanwhile
        preview.show(splats(5))
        bpy.data.objects.new(name, None).use_fake_user = True
        bpy.ops.ed.undo_push(message=name)
    for step in (bpy.ops.ed.undo, bpy.ops.ed.redo):
        step()
        own = find(uid)
        assert not shown() and not own.hide_get() and own.select_get() and bpy.context.object == own
        preview.show(splats(6))
        assert len(shown()) == 1 and own.hide_get()
    preview.remove()
    bpy.ops.ed.undo_push(message="done")
    for step in (bpy.ops.ed.undo, bpy.ops.ed.undo, bpy.ops.ed.redo, bpy.ops.ed.redo):
        step()
        own = find(uid)
        assert not shown() and not own.hide_get() and own.select_get() and len(bpy.data.pointclouds) == 1


def test_a_copy_that_a_person_makes_of_a_preview_is_theirs(own):
    Preview().show(splats(5))
    copy = shown()[0].copy()
    copy.data, copy.name = copy.data.copy(), "copy"
    bpy.context.collection.objects.link(copy)
    previews.remove_previews()
    assert shown() == [copy] and len(copy.data.points) == 5


def test_a_new_preview_takes_the_place_of_strays(own):
    Preview(own.session_uid).show(splats(5))
    preview = Preview()
    preview.show(splats(6))
    assert [len(obj.data.points) for obj in shown()] == [6] and not own.hide_get()


def test_what_is_kept_is_an_object_like_others(own, looked_after, tmp_path):
    preview = Preview()
    preview.show(splats(5))
    assert preview.keep()
    preview.remove()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    kept = bpy.data.objects["unfinished splats"]
    assert len(kept.data.points) == 5 and not kept.hide_select and not kept.hide_render and not shown()
    assert drawn_by_blender() or kept.modifiers


def test_nothing_is_kept_beside_the_splats_that_it_stood_for(own):
    preview, before = Preview(own.session_uid), state()
    preview.show(splats(5))
    assert not preview.keep()
    preview.remove()
    assert state() == before


@pytest.fixture
def at_it(monkeypatch) -> list[bool]:
    """Not empty while a viewport reads what it is to draw."""
    at_it: list[bool] = []
    monkeypatch.setattr(previews, "readers", [lambda: bool(at_it)])
    return at_it


def counts() -> list[int]:
    return [len(obj.data.points) for obj in shown()]


def test_splats_wait_for_those_before_to_be_read_and_the_newest_come_then(at_it):
    preview = Preview()
    preview.offer(splats(5))
    at_it.append(True)
    for count in (6, 7):
        preview.offer(splats(count))
        assert counts() == [5]
    at_it.clear()
    preview.follow()
    assert counts() == [7]


def test_splats_do_not_wait_for_a_viewport_that_does_not_draw(at_it, monkeypatch):
    preview = Preview()
    preview.offer(splats(5))
    at_it.append(True)
    preview.offer(splats(6))
    monkeypatch.setattr(previews, "LONGEST", 0.0)
    preview.follow()
    assert counts() == [6]


def test_the_splats_that_wait_are_those_that_are_kept(at_it):
    preview = Preview()
    preview.offer(splats(5))
    at_it.append(True)
    preview.offer(splats(6))
    assert preview.keep()
    (kept,) = bpy.data.objects
    assert len(kept.data.points) == 6


def test_splats_that_wait_do_not_come_after_the_end(at_it):
    preview = Preview()
    preview.offer(splats(5))
    at_it.append(True)
    preview.offer(splats(6))
    preview.remove()
    at_it.clear()
    preview.follow()
    assert not bpy.data.objects


def table(count: int) -> results.CameraTable:
    c2w = np.tile(np.eye(4), (count, 1, 1))
    c2w[:, 0, 3] = range(count)
    lens, sizes = np.tile([50.0, 50, 40, 30], (count, 1)), np.tile([80, 60], (count, 1))
    return results.CameraTable([str(number) for number in range(count)], c2w, lens, sizes)


def test_points_are_shown_with_their_cameras_until_there_are_splats(own):
    preview, before = Preview(), state()
    for count in (2, 3):
        preview.show(splats(5), table(count))
        points, cameras = sorted(shown(), key=lambda obj: obj.type, reverse=True)
        assert (points.type, cameras.type, len(cameras.data.edges)) == ("POINTCLOUD", "MESH", 8 * count)
        assert cameras.is_runtime_data and cameras.hide_render and cameras.hide_select
    preview.show(splats(7))
    (points,) = shown()
    assert points.type == "POINTCLOUD" and len(points.data.points) == 7
    preview.remove()
    assert state() == before and not bpy.data.meshes


def test_cameras_are_shown_where_there_are_no_points_yet_and_are_not_kept(own):
    preview, before = Preview(), state()
    preview.show(splats(0), table(2))
    (cameras,) = shown()
    place, *corners = (tuple(vertex.co) for vertex in cameras.data.vertices[:5])
    assert place == (0, 0, 0) and len({corner[2] for corner in corners}) == 1 and corners[0][2] > 0
    assert not preview.keep()
    preview.show(splats(4), table(2))
    assert not preview.keep(), "points are no splats"
    preview.remove()
    assert state() == before


def test_cameras_in_one_place_have_a_size():
    assert np.ptp(frusta(table(1))[0], axis=0).min() > 0
