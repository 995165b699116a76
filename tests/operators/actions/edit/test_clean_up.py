# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleaning up: live, without loss, and for good only where that is wanted."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from tests.operators.actions.edit.objects import add, drawn, empty, only, select, selected, shown, some_splats
from tests.operators.installed import part
from tttlrm_blender.gaussians.gaussians import Gaussians

ops = bpy.ops.tttlrm
KINDS = {"subject": 900, "floaters": 2, "fog": 1, "surroundings": 49}
COUNT = sum(KINDS.values())


def dirty() -> Gaussians:
    """A sheet of fine splats from −1.5 to 1.5, two above it, a faint large one in it, and large ones far around it."""
    splats = some_splats(COUNT)
    line, far = np.linspace(-1.5, 1.5, 30), np.linspace(-30, 30, 7)
    sheet = [(x, y, 0) for x in line for y in line]
    splats.means[:] = [*sheet, (0.2, 0.1, 2), (0.2, 0.15, 2), (0.3, 0.3, 0), *((x, y, -9) for x in far for y in far)]
    splats.scales[:], splats.opacities[:] = 0.05, 0.9
    splats.scales[of("fog")], splats.opacities[of("fog")] = 0.5, 0.01
    splats.scales[of("surroundings")] = 4
    return splats


def of(*kinds: str) -> np.ndarray:
    """The mask of some kinds."""
    return np.isin(np.repeat(list(KINDS), list(KINDS.values())), kinds)


def seen(obj: bpy.types.Object) -> np.ndarray:
    mask = part("scene.masks").visible(obj)
    return np.ones(len(obj.data.points), dtype=bool) if mask is None else mask


def corners(obj: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest corner of the region in the world."""
    box = np.array(obj.matrix_world) @ part("scene.region").matrix(obj)
    ends = np.array([(box @ [x, y, z, 1])[:3] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    return ends.min(0), ends.max(0)


def test_one_click_leaves_out_floaters_fog_and_surroundings_and_deletes_nothing():
    obj = add(dirty())
    assert ops.clean_up() == {"FINISHED"}
    np.testing.assert_array_equal(seen(obj), of("subject") & seen(obj))
    assert seen(obj).sum() == drawn(obj) == len(shown(obj)) == 900
    assert len(obj.data.points) == COUNT and len(part("scene.look").whole(obj)) == COUNT
    assert ops.revert_clean_up() == {"FINISHED"}
    assert seen(obj).all() and drawn(obj) == COUNT and "splat_left_out" not in obj.data.attributes


@pytest.mark.parametrize(
    ("wanted", "gone"),
    [
        ({"fog": 0.0, "use_region": False}, ["floaters"]),
        ({"floaters": 0.0, "use_region": False}, ["fog"]),
        ({"floaters": 0.0, "fog": 0.0}, ["surroundings"]),
    ],
)
def test_each_part_can_be_had_alone(wanted, gone):
    obj = add(dirty())
    ops.clean_up(**wanted)
    left = of(*KINDS) & ~of(*gone)
    if "surroundings" in gone:
        left &= ~of("floaters")  # they are above the region
    np.testing.assert_array_equal(seen(obj), left)


def test_what_is_hidden_by_hand_stays_so():
    obj = add(dirty())
    by_hand = np.arange(COUNT) < 5
    select(obj, by_hand)
    ops.hide_splats()
    ops.clean_up()
    ops.revert_clean_up()
    np.testing.assert_array_equal(seen(obj), ~by_hand)


def test_hidden_splats_are_deleted_for_good_only_when_that_is_wanted():
    obj = add(dirty())
    obj.tttlrm.decode.scale = 2.0
    select(obj, np.arange(COUNT) < 5)
    ops.hide_splats()
    ops.clean_up()
    assert ops.delete_hidden_splats() == {"FINISHED"}
    assert len(obj.data.points) == drawn(obj) == 895 and seen(obj).all()
    own = obj.tttlrm
    assert (own.decode.floaters, own.decode.fog, own.use_region, own.decode.scale) == (0, 0, False, 2)
    np.testing.assert_allclose(part("scene.look").unsized(obj.data).scales, 0.05)
    assert ops.delete_hidden_splats() == {"FINISHED"} and len(obj.data.points) == 895


def test_what_is_hidden_by_hand_may_be_left_when_hidden_splats_are_deleted(capfd):
    obj = add(dirty())
    select(obj, np.arange(COUNT) < 5)
    ops.hide_splats()
    ops.clean_up()
    assert ops.delete_hidden_splats(by_hand=False) == {"FINISHED"}
    assert len(obj.data.points) == 900 and np.flatnonzero(~seen(obj)).tolist() == [0, 1, 2, 3, 4]
    assert "of them hidden by hand" not in capfd.readouterr().out
    assert ops.delete_hidden_splats() == {"FINISHED"} and len(obj.data.points) == 895
    assert "5 splats were deleted, 5 of them hidden by hand" in capfd.readouterr().out


def test_a_region_moves_and_turns_with_its_object_and_stays_when_that_is_applied():
    obj = add(dirty())
    ops.clean_up()
    before = seen(obj)
    obj.matrix_world = Matrix.Translation((5, 0, 1)) @ Matrix.Rotation(0.7, 4, "Z") @ Matrix.Scale(2, 4)
    bpy.context.view_layer.update()
    obj.tttlrm.decode.max_splats = 0
    np.testing.assert_array_equal(seen(obj), before)
    low, high = corners(obj)
    assert ops.apply_transform() == {"FINISHED"}
    np.testing.assert_array_equal(seen(obj), before)
    np.testing.assert_allclose(corners(obj), (low, high), atol=1e-4)


def test_a_region_is_fitted_along_the_axes_of_the_world():
    obj = add(dirty(), rotation_euler=(0.4, 0.3, 0))
    ops.clean_up()
    region = np.array(obj.matrix_world) @ part("scene.region").matrix(obj)
    np.testing.assert_allclose(region[:3, :3] - np.diag(np.diag(region[:3, :3])), 0, atol=1e-5)
    part("scene.region").store(obj, np.diag([0.5, 0.5, 0.5, 1]))
    few = seen(obj).sum()
    assert ops.clean_up() == {"FINISHED"} and seen(obj).sum() == few < 400, "what a person has dragged stays"
    assert ops.fit_region() == {"FINISHED"} and seen(obj).sum() > 890


def test_a_flat_region_leaves_nothing_out():
    obj = add(dirty())
    ops.clean_up(floaters=0.0, fog=0.0)
    part("scene.region").store(obj, np.diag([1.0, 1, 0, 1]))
    assert seen(obj).all()


def test_selection_export_and_joined_splats_know_only_what_is_shown(tmp_path):
    obj = add(dirty())
    ops.clean_up()
    ops.select_all()
    assert selected(obj).sum() == 900
    ops.export_splats(filepath=str(tmp_path / "shown.ply"))
    assert len(part("engine").splat_files.read_splats(tmp_path / "shown.ply")) == 900
    other = add(some_splats(7), name="other")
    only(obj, other)
    assert ops.join_splats() == {"FINISHED"}
    assert len(obj.data.points) == COUNT + 7 and seen(obj).sum() == 907 and not obj.tttlrm.use_region


def test_splats_that_are_separated_are_cleaned_up_like_the_others():
    obj = add(dirty())
    ops.clean_up()
    select(obj, of("subject") & (np.arange(COUNT) < 450))
    assert ops.separate_splats() == {"FINISHED"}
    new = next(each for each in bpy.context.selected_objects if each != obj)
    assert (drawn(obj), drawn(new)) == (450, 450)
    for each in (obj, new):
        only(each)
        ops.revert_clean_up()
    assert (drawn(obj), drawn(new)) == (COUNT - 450, 450)


def test_duplicates_are_cleaned_up_apart():
    obj = add(dirty())
    ops.clean_up()
    bpy.ops.object.duplicate()
    copy = bpy.context.object
    assert copy != obj and drawn(copy) == 900
    copy.data = copy.data.copy()
    ops.revert_clean_up()
    assert (drawn(obj), drawn(copy)) == (900, COUNT)


def test_cleaning_up_can_be_undone_and_redone():
    name = add(dirty()).name
    bpy.ops.ed.undo_push(message="before")
    ops.clean_up()
    bpy.ops.ed.undo_push(message="clean")
    part("scene.region").store(bpy.data.objects[name], np.diag([0.5, 0.5, 0.5, 1]))
    bpy.ops.ed.undo_push(message="dragged")
    few = drawn(bpy.data.objects[name])
    for step, count in ((bpy.ops.ed.undo, 900), (bpy.ops.ed.undo, COUNT), (bpy.ops.ed.redo, 900), (bpy.ops.ed.redo, few)):
        step()
        assert drawn(bpy.data.objects[name]) == count


def test_no_splats_need_no_cleaning():
    obj = add()
    ops.select_all()
    ops.delete_splats()
    assert ops.clean_up() == {"FINISHED"} and ops.fit_region() == {"FINISHED"} and len(obj.data.points) == 0


@pytest.mark.parametrize("place", [{}, {"rotation_euler": (0.2, 0.5, 1), "scale": (1, 2, 3), "location": (1, 2, 3)}])
def test_handles_are_where_the_region_is_and_drag_it(place):
    handles, region, obj = part("viewport.region_handles"), part("scene.region"), add(dirty(), **place)
    ops.clean_up()
    before = np.array(obj.matrix_world) @ region.matrix(obj)
    flat = handles._get()
    offset = np.reshape(flat, (4, 4)).T
    np.testing.assert_allclose(offset[:3, :3] - np.diag(np.diag(offset)[:3]), 0, atol=1e-5)
    end = handles._basis(obj) @ Matrix(offset.tolist()) @ Vector((0.5, 0.5, 0.5, 1))
    np.testing.assert_allclose(end, before @ [1, 1, 1, 1], rtol=1e-4)
    handles._set(flat)
    np.testing.assert_allclose(np.array(obj.matrix_world) @ region.matrix(obj), before, atol=1e-4)
    halved = offset @ np.diag([0.5, 1, 1, 1])
    handles._set(halved.T.ravel())
    np.testing.assert_allclose(np.array(obj.matrix_world) @ region.matrix(obj), before @ np.diag([0.5, 1, 1, 1]), atol=1e-4)
    handles._set((offset @ np.diag([0, 1, 1, 1])).T.ravel())
    np.testing.assert_allclose(np.array(obj.matrix_world) @ region.matrix(obj), before @ np.diag([0.5, 1, 1, 1]), atol=1e-4)


def test_the_ring_moves_the_region_in_the_world():
    handles, region = part("viewport.region_handles"), part("scene.region")
    obj = add(dirty(), rotation_euler=(0.2, 0.5, 1), scale=(2, 2, 2), location=(1, 2, 3))
    ops.clean_up()
    before = np.array(obj.matrix_world) @ region.matrix(obj)
    np.testing.assert_allclose(handles._get_middle(), before[:3, 3], atol=1e-5)
    handles._set_middle(Vector(handles._get_middle()) + Vector((1, 2, 3)))
    moved = np.array(obj.matrix_world) @ region.matrix(obj)
    np.testing.assert_allclose(moved - before, np.outer([1, 2, 3, 0], [0, 0, 0, 1]), atol=1e-4)


def test_handles_are_shown_for_regions_with_some_depth_alone():
    poll, obj = part("viewport.region_handles").TTTLRM_GGT_region.poll, add(dirty())
    assert not poll(bpy.context)
    ops.clean_up()
    assert poll(bpy.context)
    part("scene.region").store(obj, np.diag([1.0, 1, 0, 1]))
    assert not poll(bpy.context)
    ops.fit_region()
    bpy.context.view_layer.objects.active = None
    assert not poll(bpy.context)


def twins() -> tuple[bpy.types.Object, bpy.types.Object]:
    """Two linked duplicates, both selected."""
    obj = add(dirty())
    twin = obj.copy()
    bpy.context.collection.objects.link(twin)
    only(obj, twin)
    return obj, twin


def test_linked_duplicates_that_are_selected_are_all_cleaned_up_and_share_their_splats_still():
    obj, twin = twins()
    assert ops.clean_up() == {"FINISHED"}
    assert obj.data == twin.data and (drawn(obj), drawn(twin)) == (900, 900)
    assert ops.fit_region() == ops.revert_clean_up() == {"FINISHED"}
    assert obj.data == twin.data and (drawn(obj), drawn(twin)) == (COUNT, COUNT)


def test_deleting_what_is_hidden_puts_the_settings_of_linked_duplicates_back_too():
    obj, twin = twins()
    obj.tttlrm.share = 0.5
    only(obj)
    twin.data, twin.tttlrm.share = obj.data, 0.5
    ops.delete_hidden_splats()
    assert obj.data == twin.data and len(obj.data.points) == COUNT // 2
    twin.tttlrm.decode.scale = 2
    assert drawn(twin) == COUNT // 2


def test_a_region_is_put_around_the_subject_also_after_a_transform_was_applied():
    obj = add(dirty())
    obj.scale = (3, 3, 3)
    ops.apply_transform()
    ops.clean_up(floaters=0, fog=0)
    assert seen(obj)[of("subject")].sum() == 900 and not seen(obj)[of("surroundings")].any()


def test_a_region_that_is_switched_on_by_its_check_box_is_put_around_the_subject():
    obj = add(dirty())
    obj.tttlrm.use_region = True
    low, high = corners(obj)
    assert (high[:2] > 1.4).all() and (low[:2] < -1.4).all() and drawn(obj) == 901
    part("scene.region").store(obj, np.diag([9, 9, 9, 1]))
    obj.tttlrm.use_region = False
    obj.tttlrm.use_region = True
    assert corners(obj)[1].tolist() == [9, 9, 9], "and stays where it was dragged to"


def test_unselected_splats_that_were_hidden_stay_so_when_cleaning_up_is_reverted():
    obj = add(dirty())
    ops.clean_up()
    select(obj, np.arange(COUNT) < 5)
    ops.hide_splats(unselected=True)
    ops.revert_clean_up()
    assert drawn(obj) == 5 and selected(obj).sum() == 5
    ops.reveal_splats()
    assert drawn(obj) == COUNT


def test_the_region_fits_a_selected_object_and_deleting_what_is_hidden_crops_to_it():
    obj = add()
    volume = empty(empty_display_type="CUBE", rotation_euler=(0, 0, 0.5))
    only(obj, volume)
    before = len(obj.data.points)
    assert ops.fit_region() == {"FINISHED"}
    inside = (np.abs(some_splats(before).means @ np.array(volume.matrix_world)[:3, :3]) <= 1).all(axis=1)
    np.testing.assert_array_equal(seen(obj), inside)
    assert ops.delete_hidden_splats() == {"FINISHED"} and len(obj.data.points) == inside.sum()
    volume.location.x = 100
    only(obj)
    assert ops.fit_region(object=volume.name) == {"FINISHED"} and not seen(obj).any()


def test_joined_splats_get_a_region_of_their_own():
    obj, other = add(), add(name="other", location=(100, 0, 0))
    only(obj)
    assert ops.clean_up(floaters=0, fog=0) == {"FINISHED"} and part("scene.region").is_fitted(obj)
    only(obj, other)
    bpy.context.view_layer.objects.active = obj
    assert ops.join_splats() == {"FINISHED"}
    assert not part("scene.region").is_fitted(obj)
    obj.tttlrm.use_region = True
    assert corners(obj)[1][0] - corners(obj)[0][0] > 50
