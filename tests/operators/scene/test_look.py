# SPDX-License-Identifier: GPL-3.0-or-later
"""Which splats an object shows, and how large: live, on any splats, and without loss."""

import math

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.operators.installed import add, cube, part, reconstructed

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm


@pytest.fixture
def own(splats):
    """Splats at (3 i, 3 i + 1, 3 i + 2), of different opacities and sizes, refined."""
    assert ops.refine(steps=12) == {"FINISHED"}
    points, cloud = part("scene.points"), splats.data
    base = points.read(cloud, part("scene.radiance").BASE).reshape(-1, 4)
    base[:, 3] = np.linspace(0.1, 0.9, 12)
    points.write(cloud, part("scene.radiance").BASE, cloud.attributes[part("scene.radiance").BASE].data_type, base)
    points.write(cloud, "scale", "FLOAT_VECTOR", np.linspace(0.1, 1.2, 36).reshape(12, 3))
    splats.tttlrm.version = part("engine").start.digest(part("scene.look").whole(splats))
    return splats


def shown(obj) -> list[int]:
    """The numbers of the splats to be seen."""
    mask = part("scene.masks").visible(obj)
    return list(range(12)) if mask is None else np.flatnonzero(mask).tolist()


def sizes(obj) -> np.ndarray:
    return part("scene.points").read(obj.data, "scale")


def untouched(obj) -> bool:
    """Whether nothing is lost, and the object holds no more than its splats."""
    names = obj.data.attributes.keys()
    return not part("scene.versions").is_edited(obj) and not {"splat_size", "splat_left_out"} & set(names)


SETTINGS = {
    "min_opacity": (0.5, range(6, 12)),
    "max_splats": (4, range(8, 12)),
    "floaters": (1.0, range(12)),
    "near": (10.0, range(2, 12)),
    "far": (20.0, range(4)),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_leaves_splats_out_at_once_and_lets_them_back(own, name):
    value, left = SETTINGS[name]
    default = getattr(own.tttlrm.decode, name)
    setattr(own.tttlrm.decode, name, value)
    assert shown(own) == list(left)
    assert not part("scene.versions").is_edited(own), "it is the same version"
    setattr(own.tttlrm.decode, name, default)
    assert shown(own) == list(range(12)) and untouched(own)


def test_a_share_is_shown_and_what_is_hidden_by_hand_stays_so(own):
    part("scene.masks").select(own, np.arange(12) == 11)
    ops.hide_splats()
    own.tttlrm.share = 0.5
    assert shown(own) == [5, 6, 7, 8, 9, 10]
    own.tttlrm.share = 1.0
    assert shown(own) == list(range(11))
    own.tttlrm.share = 0.5
    ops.reveal_splats()
    assert shown(own) == [6, 7, 8, 9, 10, 11]
    own.tttlrm.share = 1.0
    assert untouched(own)


def test_sizes_change_and_come_back_bit_for_bit(own):
    before = sizes(own)
    for factor in (2.0, 0.3, 1.7):
        own.tttlrm.decode.scale = factor
        np.testing.assert_allclose(sizes(own), before * factor, rtol=1e-6)
    own.tttlrm.decode.size_limit = 0.01
    assert sizes(own).max() < 0.01 * 70
    own.tttlrm.decode.scale, own.tttlrm.decode.size_limit = 1.0, 0.0
    np.testing.assert_array_equal(sizes(own), before)
    assert untouched(own)


def test_splats_are_refined_whole_and_meshed_as_shown(own):
    own.tttlrm.decode.min_opacity, own.tttlrm.decode.scale = 0.5, 2.0
    start_of = part("scene.versions").start_of
    whole, some = start_of(own), start_of(own, as_shown=True)
    assert (len(whole.gaussians), len(some.gaussians)) == (12, 6) and not whole.edited
    np.testing.assert_array_equal(some.gaussians.scales, whole.gaussians.scales[6:] * 2)
    assert ops.refine(steps=9) == {"FINISHED"}
    assert len(own.data.points) == 9 and np.allclose(sizes(own), 2), "what comes is shown as before"


def test_splats_outside_an_objects_bounding_box_go_and_follow_it(own):
    box = own.tttlrm.crop = cube("box", Matrix.Translation((4, 5, 6)) @ Matrix.Diagonal((4.9, 4.9, 4.9, 1)))
    bpy.context.view_layer.update()
    assert shown(own) == [0, 1, 2]
    box.location = (13, 14, 15)
    bpy.context.view_layer.update()
    assert shown(own) == [3, 4, 5]
    own.tttlrm.crop = None
    assert shown(own) == list(range(12)) and untouched(own)


def test_a_box_that_is_turned_moved_with_the_splats_crops_the_same(own):
    own.parent.matrix_world = Matrix.Translation((1, 2, 3)) @ Matrix.Rotation(1.0, 4, "X") @ Matrix.Scale(2, 4)
    bpy.context.view_layer.update()
    own.tttlrm.crop = cube("box", own.parent.matrix_world @ Matrix.Translation((4, 5, 6)) @ Matrix.Diagonal((4.9, 4.9, 4.9, 1)))
    bpy.context.view_layer.update()
    assert shown(own) == [0, 1, 2]


def test_an_empty_crops_as_the_cube_of_its_size_and_a_flat_box_not_at_all(own):
    box = add("empty", None, Matrix.Rotation(math.pi / 2, 4, "Z"))
    box.empty_display_size, own.tttlrm.crop = 6.0, box
    bpy.context.view_layer.update()
    assert shown(own) == [0, 1]
    own.tttlrm.crop = cube("sheet", Matrix(), height=0)
    assert shown(own) == list(range(12))


def test_what_becomes_of_an_object_changes_nothing_of_those_that_shared_its_splats(own):
    own.tttlrm.decode.min_opacity, own.tttlrm.decode.scale = 0.5, 2.0
    other = own.copy()
    own.users_collection[0].objects.link(other)
    before = sizes(own)
    for change in (ops.apply_transform, lambda: ops.refine(steps=9)):
        own.data, own.scale = other.data, (2, 2, 2)
        assert change() == {"FINISHED"} and own.data != other.data
        np.testing.assert_array_equal(sizes(other), before)
        assert shown(other) == list(range(6, 12)) and not part("scene.versions").is_edited(other)


def linked(obj):
    """A linked duplicate."""
    other = obj.copy()
    obj.users_collection[0].objects.link(other)
    return other


@pytest.mark.parametrize(("name", "value"), [("min_opacity", 0.5), ("scale", 2.0), ("far", 20.0)])
def test_a_look_is_each_objects_also_of_linked_duplicates(own, name, value):
    before, other = sizes(own), linked(own)
    setattr(own.tttlrm.decode, name, value)
    ours = shown(own), sizes(own)
    assert shown(other) == list(range(12)) and untouched(other), "the other one looks as before"
    np.testing.assert_array_equal(sizes(other), before)
    other.tttlrm.decode.min_opacity = 0.8
    assert shown(other) == [10, 11]
    assert shown(own) == ours[0]
    np.testing.assert_array_equal(sizes(own), ours[1])
    assert not part("scene.versions").is_edited(own) and not part("scene.versions").is_edited(other)


def test_linked_duplicates_share_their_splats_while_they_look_alike(own):
    own.tttlrm.decode.min_opacity = 0.5
    other = linked(own)
    part("scene.masks").select(own, np.arange(12) == 11)
    assert ops.hide_splats() == {"FINISHED"} and own.data == other.data and shown(other) == [6, 7, 8, 9, 10]
    assert ops.reveal_splats() == {"FINISHED"} and own.data == other.data and shown(other) == list(range(6, 12))


def test_a_linked_duplicate_that_is_moved_is_cropped_where_it_stands(own):
    box = own.tttlrm.crop = cube("box", Matrix.Translation((4, 5, 6)) @ Matrix.Diagonal((4.9, 4.9, 4.9, 1)))
    bpy.context.view_layer.update()
    other = linked(own)
    other.location = (-9, -9, -9)
    bpy.context.view_layer.update()
    assert box and shown(own) == [0, 1, 2] and shown(other) == [3, 4, 5]


def test_joining_lets_linked_duplicates_keep_their_look(own, photos):
    own.tttlrm.decode.min_opacity = 0.5
    other, more = linked(own), reconstructed(photos)
    for obj in (own, more):
        obj.select_set(True)
    bpy.context.view_layer.objects.active = own
    assert ops.join_splats() == {"FINISHED"} and len(own.data.points) == 24
    assert shown(other) == list(range(6, 12)) and not part("scene.versions").is_edited(other)
    other.tttlrm.decode.min_opacity = 0.0
    assert shown(other) == list(range(12)) and untouched(other)


def test_a_look_of_splats_linked_from_another_file_stays(own, tmp_path):
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {own.data})
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.pointclouds = [own.data.name]
    own.data = wanted.pointclouds[0]
    own.tttlrm.share = 0.5
    assert own.data.library is None and np.count_nonzero(part("scene.masks").visible(own)) == 6
    assert not wanted.pointclouds[0].attributes.get("splat_hidden")


def test_undo_brings_back_what_was_shown(own):
    name = own.name
    bpy.ops.ed.undo_push(message="before")
    own.tttlrm.decode.min_opacity, own.tttlrm.decode.scale = 0.5, 2.0
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert shown(bpy.data.objects[name]) == list(range(12)) and untouched(bpy.data.objects[name])
    bpy.ops.ed.redo()
    assert shown(bpy.data.objects[name]) == list(range(6, 12))


def test_applying_a_transform_and_joining_keep_the_look(own, photos):
    own.tttlrm.decode.min_opacity, own.tttlrm.decode.scale = 0.5, 2.0
    before = sizes(own)
    own.scale = (2, 2, 2)
    assert ops.apply_transform() == {"FINISHED"}
    np.testing.assert_allclose(sizes(own), before * 2, rtol=1e-5)
    own.tttlrm.decode.scale = 1.0
    np.testing.assert_allclose(sizes(own), before, rtol=1e-5)
    own.tttlrm.decode.scale = 2.0
    other = reconstructed(photos)
    own.select_set(True)
    bpy.context.view_layer.objects.active = own
    other.select_set(True)
    assert ops.join_splats() == {"FINISHED"} and own.tttlrm.decode.scale == 1.0
    np.testing.assert_allclose(sizes(own)[:12], before * 2, rtol=1e-5)
    assert np.flatnonzero(part("scene.masks").visible(own)).tolist() == [*range(6, 24)]
