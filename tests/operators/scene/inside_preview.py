# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews are guests: they come, change and go, and nothing else does."""

import bpy
import numpy as np
import pytest

from operators.scene.preview import MARK, Preview, remove_previews
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


def test_a_preview_is_saved_in_no_file(own, tmp_path):
    Preview().show(splats(5))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "in_between.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "in_between.blend"))
    assert sorted(obj.name for obj in bpy.data.objects) == ["other", "own"] and len(bpy.data.pointclouds) == 1
    assert sorted(obj.name for obj in bpy.context.scene.objects) == ["other", "own"]


def test_a_new_preview_takes_the_place_of_strays(own):
    Preview(own.session_uid).show(splats(5))
    preview = Preview()
    preview.show(splats(6))
    assert [len(obj.data.points) for obj in shown()] == [6] and not own.hide_get()


def test_what_undoing_brings_back_of_an_old_preview_goes_again(own):
    Preview(own.session_uid).show(splats(5))
    remove_previews()
    assert not shown() and not own.hide_get() and len(bpy.data.pointclouds) == 1
