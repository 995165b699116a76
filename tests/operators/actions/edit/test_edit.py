# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do to splats with the installed extension."""

from importlib import import_module

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tttlrm_blender.gaussians.formats.ply import read_ply
from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.gaussians.harmonics import colors
from tttlrm_blender.gaussians.transform import apply_matrix

pytestmark = pytest.mark.usefixtures("installed")

MODULE = "bl_ext.user_default.tttlrm"
COUNT = 60
ops = bpy.ops.tttlrm


@pytest.fixture(autouse=True)
def empty_scene(installed):
    bpy.ops.wm.read_homefile(use_empty=True)


def scene_module(name: str):
    return import_module(f"{MODULE}.operators.scene.{name}")


def some_splats(count: int = COUNT, degree: int = 1, seed: int = 0) -> Gaussians:
    random = np.random.default_rng(seed)
    quats = random.normal(size=(count, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales, opacities = random.uniform(0.01, 0.2, (count, 3)), random.uniform(size=count)
    arrays = random.normal(size=(count, 3)), quats, scales, opacities, random.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def add(splats: Gaussians | None = None, name: str = "thing", **place) -> bpy.types.Object:
    """A new object with splats, active and alone selected."""
    obj = scene_module("splats").add_splats(name, splats or some_splats())
    for key, value in place.items():
        setattr(obj, key, value)
    only(obj)
    return obj


def empty(name: str = "empty", parent: bpy.types.Object | None = None, **place) -> bpy.types.Object:
    obj = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(obj)
    obj.parent = parent
    for key, value in place.items():
        setattr(obj, key, value)
    return obj


def only(*objects: bpy.types.Object) -> None:
    """Select some objects alone; the first is active."""
    bpy.context.view_layer.update()
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj in objects)
    bpy.context.view_layer.objects.active = objects[0]
    bpy.context.view_layer.update()


def selected(obj: bpy.types.Object) -> np.ndarray:
    mask = scene_module("masks").selected(obj)
    return np.zeros(len(obj.data.points), dtype=bool) if mask is None else mask


def select(obj: bpy.types.Object, mask: np.ndarray) -> None:
    scene_module("masks").select(obj, mask)


def first(count: int, of: int = COUNT) -> np.ndarray:
    return np.arange(of) < count


def shown(obj: bpy.types.Object) -> Gaussians:
    """The visible splats in world coordinates."""
    return scene_module("splats").read_splats(obj)


def drawn(obj: bpy.types.Object) -> int:
    """How many splats the viewport's modifiers leave to be drawn."""
    return len(obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.points)


def assert_same_look(left: Gaussians, right: Gaussians, tolerance: float = 1e-4) -> None:
    """Centres, shapes and colours from a direction; quaternions may have either sign and axes may be swapped."""
    from tttlrm_blender.geometry.quaternions import to_matrices

    def covariances(splats):
        axes = to_matrices(splats.quats.astype(np.float64)) * splats.scales[:, None, :]
        return axes @ axes.transpose(0, 2, 1)

    direction = np.array([[0.6, 0.0, 0.8]])
    np.testing.assert_allclose(right.means, left.means, atol=tolerance)
    np.testing.assert_allclose(covariances(right), covariances(left), atol=tolerance)
    np.testing.assert_allclose(colors(right.sh, direction), colors(left.sh, direction), atol=tolerance)


# Selecting


def test_all_none_and_the_others():
    obj = add()
    assert ops.select_all() == {"FINISHED"} and selected(obj).all()
    ops.select_all(action="DESELECT")
    assert not selected(obj).any()
    select(obj, first(20))
    ops.select_all(action="INVERT")
    np.testing.assert_array_equal(selected(obj), ~first(20))


@pytest.mark.parametrize(("mode", "expected"), [("SET", 30), ("ADD", 40), ("SUB", 10), ("AND", 0)])
def test_masks_are_joined_with_what_was_selected(mode, expected):
    splats = some_splats()
    splats.opacities[:] = np.where(first(30), 0.05, 0.9)
    obj = add(splats)
    select(obj, np.roll(first(10), 30))
    assert ops.select_opacity(low=0, high=0.1, mode=mode) == {"FINISHED"}
    assert selected(obj).sum() == expected


def test_sizes_are_those_that_the_object_shows():
    obj = add(scale=(2, 2, 2))
    ops.select_size(low=0.2, high=0.3)
    longest = 2 * some_splats().scales.max(axis=1)
    np.testing.assert_array_equal(selected(obj), (longest >= 0.2) & (longest <= 0.3))


def test_colours_like_the_selected_ones_or_a_given_one():
    splats = some_splats()
    splats.sh[:, 0] = (np.where(first(25)[:, None], [0.9, 0.1, 0.1], [0.2, 0.5, 0.7]) - 0.5) / SH_DC
    obj = add(splats)
    select(obj, first(1))
    ops.select_color(tolerance=0.05)
    np.testing.assert_array_equal(selected(obj), first(25))
    ops.select_color(source="COLOR", color=(0.2, 0.5, 0.72), tolerance=0.05)
    np.testing.assert_array_equal(selected(obj), ~first(25))


def test_distances_are_measured_from_the_cursor():
    obj = add(location=(5, 0, 0))
    bpy.context.scene.cursor.location = (5, 0, 0)
    near = np.linalg.norm(some_splats().means, axis=1) <= 1
    ops.select_distance(distance=1)
    np.testing.assert_array_equal(selected(obj), near)
    ops.select_distance(distance=1, beyond=True, center=(5, 0, 0))
    np.testing.assert_array_equal(selected(obj), ~near)


@pytest.mark.parametrize(("shape", "norm"), [("CUBE", np.inf), ("SPHERE", 2)])
def test_empties_say_what_is_inside(shape, norm):
    obj = add()
    volume = empty(empty_display_type=shape, empty_display_size=0.5, scale=(2, 2, 2), location=(0.1, 0, 0))
    inside = np.linalg.norm(some_splats().means - [0.1, 0, 0], ord=norm, axis=1) <= 1
    ops.select_inside(object=volume.name)
    np.testing.assert_array_equal(selected(obj), inside)
    only(obj, volume)
    ops.select_inside(outside=True)
    np.testing.assert_array_equal(selected(obj), ~inside)


def test_the_bounds_of_a_mesh_are_a_volume():
    obj = add()
    bpy.ops.mesh.primitive_cube_add(size=2, location=(1, 0, 0))
    only(obj, bpy.data.objects["Cube"])
    ops.select_inside()
    np.testing.assert_array_equal(selected(obj), (np.abs(some_splats().means - [1, 0, 0]) <= 1).all(axis=1))


def test_volumes_that_are_none_are_told():
    obj = add()
    with pytest.raises(RuntimeError, match="No object tells what is inside"):
        ops.select_inside()
    with pytest.raises(RuntimeError, match="There is no object “nowhere”"):
        ops.select_inside(object="nowhere")
    flat = empty(scale=(1, 1, 0))
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="The object “empty” is flat"):
        ops.crop_splats(object=flat.name)
    assert len(obj.data.points) == COUNT


def test_floaters_are_far_from_the_others():
    splats = some_splats()
    splats.means[:] = splats.means * 0.05 + np.where(first(3)[:, None], [[9, 0, 0]], 0) * np.arange(1, COUNT + 1)[:, None]
    obj = add(splats)
    ops.select_floaters(neighbours=2, distance=0.5)
    np.testing.assert_array_equal(selected(obj), first(3))


def camera_over(width: int = 200, height: int = 100) -> None:
    """A camera 5 above the origin that sees two units to the left and right, one up and down."""
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale, camera.location = "ORTHO", 4.0, (0, 0, 5)
    bpy.context.collection.objects.link(camera)
    scene = bpy.context.scene
    scene.camera, scene.render.resolution_x, scene.render.resolution_y = camera, width, height
    bpy.context.view_layer.update()


def test_a_box_in_the_picture_of_the_camera():
    obj = add()
    with pytest.raises(RuntimeError, match="no view to select in"):
        ops.select_box(xmin=0, xmax=200, ymin=0, ymax=50)
    camera_over()
    assert ops.select_box(xmin=0, xmax=100, ymin=50, ymax=100) == {"FINISHED"}
    x, y, _ = some_splats().means.T
    np.testing.assert_array_equal(selected(obj), (x >= -2) & (x <= 0) & (y >= 0) & (y <= 1))


def test_a_brush_stroke_that_also_takes_back():
    obj = add()
    camera_over()
    path = [{"mouse": (100, 50)}, {"mouse": (150, 50), "radius": 10}, {"mouse": (100, 50), "radius": 5, "flip": True}]
    path = [{"name": "", "radius": 0, "flip": False, **spot} for spot in path]
    assert ops.select_brush(radius=20, path=path) == {"FINISHED"}
    place = some_splats().means[:, :2] * 50
    from_middle, from_right = np.linalg.norm(place, axis=1), np.linalg.norm(place - [50, 0], axis=1)
    np.testing.assert_array_equal(selected(obj), ((from_middle <= 20) | (from_right <= 10)) & (from_middle > 5))
    select(obj, first(COUNT))
    ops.select_brush(radius=20, path=path, mode="ADD")
    np.testing.assert_array_equal(selected(obj), from_middle > 5)


def test_all_selected_objects_are_edited_and_shared_points_once():
    one, two = add(), add(name="two")
    twin = one.copy()
    bpy.context.collection.objects.link(twin)
    only(one, two, twin)
    select(one, first(10))
    select(two, first(20))
    ops.delete_splats()
    assert [len(obj.data.points) for obj in (one, twin, two)] == [COUNT - 10, COUNT - 10, COUNT - 20]
    assert twin.data == one.data and len(bpy.data.pointclouds) == 2


# Changing


def test_deleting_keeps_the_others_bit_for_bit_with_all_that_they_have():
    obj = add()
    material = bpy.data.materials.new("mine")
    obj.data.materials.append(material)
    obj.data["note"] = "kept"
    own = obj.data.attributes.new("own", "INT", "POINT")
    own.data.foreach_set("value", np.arange(COUNT, dtype=np.int32))
    name, mask = obj.data.name, np.arange(COUNT) % 3 == 0
    select(obj, mask)
    assert ops.delete_splats() == {"FINISHED"}
    left = shown(obj)
    for part, array in some_splats()[~mask].arrays().items():
        np.testing.assert_array_equal(getattr(left, part), array)
    values = np.empty(len(left), dtype=np.int32)
    obj.data.attributes["own"].data.foreach_get("value", values)
    np.testing.assert_array_equal(values, np.flatnonzero(~mask))
    assert (obj.data.name, obj.data["note"], list(obj.data.materials)) == (name, "kept", [material])
    with pytest.raises(RuntimeError, match="No splats are selected"):
        ops.delete_splats()


def test_all_splats_can_be_deleted():
    obj = add()
    ops.select_all()
    ops.delete_splats()
    assert len(obj.data.points) == 0
    assert ops.select_all() == {"FINISHED"} and ops.select_floaters() == {"FINISHED"}
    assert ops.apply_transform() == {"FINISHED"}


def test_hidden_splats_are_neither_drawn_nor_exported_nor_selected(tmp_path):
    obj = add()
    twin = obj.copy()
    bpy.context.collection.objects.link(twin)
    select(obj, first(15))
    assert ops.hide_splats() == {"FINISHED"}
    assert drawn(obj) == drawn(twin) == COUNT - 15
    ops.select_all()
    np.testing.assert_array_equal(selected(obj), ~first(15))
    ops.export_splats(filepath=str(tmp_path / "shown.ply"), up_axis="Z")
    np.testing.assert_array_equal(read_ply(tmp_path / "shown.ply").means, some_splats().means[15:])
    ops.delete_splats()
    assert len(obj.data.points) == 15, "hidden ones are left alone"
    assert ops.reveal_splats() == {"FINISHED"}
    assert drawn(obj) == drawn(twin) == 15 and selected(obj).all()
    assert [modifier.name for modifier in obj.modifiers] == ["tttLRM splats"][: len(obj.modifiers)]


def test_hiding_the_others_and_hiding_more():
    obj = add()
    select(obj, first(30))
    ops.hide_splats(unselected=True)
    assert drawn(obj) == 30 and selected(obj).sum() == 30
    select(obj, first(10))
    ops.hide_splats()
    assert drawn(obj) == 20
    ops.reveal_splats(select=False)
    assert drawn(obj) == COUNT and not selected(obj).any()


def test_separating_carries_everything_over():
    carrier = empty("carrier")
    obj = add(location=(1, 2, 3), rotation_euler=(0.1, 0.2, 0.3), parent=carrier)
    obj.tttlrm.session, obj.tttlrm.decode.scale = "kept-scene", 1.5
    material = bpy.data.materials.new("mine")
    obj.data.materials.append(material)
    before = shown(obj)
    select(obj, first(20))
    assert ops.separate_splats() == {"FINISHED"}
    (new,) = (other for other in bpy.context.selected_objects if other != obj)
    assert (new.parent, new.tttlrm.session, new.tttlrm.decode.scale) == (carrier, "kept-scene", 1.5)
    assert list(new.data.materials) == [material] and new.users_collection == obj.users_collection
    assert len(new.modifiers) == len(obj.modifiers)
    for part, rows in ((new, slice(0, 20)), (obj, slice(20, None))):
        np.testing.assert_allclose(shown(part).means, before.means[rows], atol=1e-6)


def test_joining_keeps_everything_in_its_place(capfd):
    active = add(some_splats(seed=1), location=(1, 0, 0), scale=(2, 2, 2))
    other = add(some_splats(40, degree=3, seed=2), name="other", rotation_euler=(0.3, -1.2, 2.0), location=(0, 3, 0))
    before = [shown(active), shown(other)]
    only(active, other)
    assert ops.join_splats() == {"FINISHED"}
    assert list(bpy.data.objects) == [active] and len(bpy.data.pointclouds) == 1
    after = shown(active)
    assert after.sh_degree == 3
    assert_same_look(before[0], after[:COUNT])
    assert_same_look(before[1], after[COUNT:])
    assert "The scale differs" not in capfd.readouterr().out


def test_joining_says_where_colours_cannot_follow(capfd):
    active, other = add(), add(some_splats(4), name="other", scale=(1, 2, 3))
    only(active, other)
    assert ops.join_splats() == {"FINISHED"}
    assert "The scale differs between axes" in capfd.readouterr().out


def test_joining_wants_two_objects():
    only(add())
    with pytest.raises(RuntimeError, match="Select two or more objects with splats"):
        ops.join_splats()


def test_cropping_deletes_what_is_outside():
    obj = add()
    volume = empty(empty_display_type="CUBE", rotation_euler=(0, 0, 0.5))
    only(obj, volume)
    assert ops.crop_splats() == {"FINISHED"}
    turned = some_splats().means @ np.array(volume.matrix_world)[:3, :3]
    assert len(obj.data.points) == (np.abs(turned) <= 1).all(axis=1).sum()


# Placing


@pytest.mark.parametrize("parts", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)])
@pytest.mark.parametrize("scale", [(2, 2, 2), (-2, 2, 2)])
def test_applying_a_transform_changes_nothing_to_be_seen(parts, scale):
    place = empty("place", location=(1, 1, 1), rotation_euler=(1, 0, 0))
    obj = add(location=(1, 2, 3), rotation_euler=(0.3, -1.2, 2.0), scale=scale, parent=place)
    obj.delta_location, obj.delta_scale, obj.delta_rotation_euler = (0, 0, 1), (2, 2, 2), (0, 0.1, 0)
    child = empty("child", parent=obj, location=(0, 0, 1))
    bpy.context.view_layer.update()
    before, stood, held = shown(obj), child.matrix_world.copy(), place.matrix_world.copy()
    location, rotation, size = (bool(part) for part in parts)
    assert ops.apply_transform(location=location, rotation=rotation, scale=size) == {"FINISHED"}
    bpy.context.view_layer.update()
    assert_same_look(before, shown(obj))
    np.testing.assert_allclose(np.array(child.matrix_world), np.array(stood), atol=1e-5)
    np.testing.assert_array_equal(np.array(place.matrix_world), np.array(held))
    assert np.allclose(obj.location, 0, atol=1e-6) == location
    assert np.allclose(obj.rotation_euler, 0) == rotation
    assert tuple(obj.scale) == ((1, 1, 1) if size else scale)


def test_applying_says_where_colours_cannot_follow(capfd):
    obj = add(scale=(1, 2, 3))
    bpy.context.view_layer.update()
    before = apply_matrix(some_splats(), np.array(obj.matrix_world))
    assert ops.apply_transform() == {"FINISHED"}
    assert "The scale differs between axes" in capfd.readouterr().out
    assert_same_look(before, shown(obj))


def test_applying_to_shared_points_leaves_the_others_alone():
    obj = add(location=(1, 0, 0))
    twin = obj.copy()
    bpy.context.collection.objects.link(twin)
    assert ops.apply_transform() == {"FINISHED"}
    assert obj.data != twin.data
    bpy.context.view_layer.update()
    np.testing.assert_allclose(shown(twin).means, shown(obj).means, atol=1e-6)


def test_a_flattened_object_is_left_as_it_is():
    obj = add(scale=(1, 0, 1))
    with pytest.raises(RuntimeError, match="cannot be transformed by this matrix"):
        ops.apply_transform()
    assert tuple(obj.scale) == (1, 0, 1)


def tilted_room(**place) -> tuple[bpy.types.Object, bpy.types.Object, bpy.types.Object]:
    """Splats on a floor and of a thing on it, under an empty that tilts them, with a camera. Gives empty, splats and camera."""
    random = np.random.default_rng(0)
    splats = some_splats(3000)
    floor = random.uniform([-2, -2, -0.01], [2, 2, 0.01], (2000, 3))
    splats.means[:] = np.concatenate([floor, random.normal([0, 0, 0.6], 0.15, (1000, 3))])
    splats.opacities[:] = 1
    whole = empty("whole", rotation_euler=(2.5, 0.4, 0), location=(1, 2, 3), **place)
    obj = add(splats, parent=whole)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(camera)
    camera.location, camera.rotation_euler, camera.parent = (0, -3, 1.5), (1.3, 0, 0), whole
    bpy.context.view_layer.update()
    return whole, obj, camera


def test_the_ground_is_found_and_the_cameras_come_along():
    _, obj, camera = tilted_room()
    between = obj.matrix_world.inverted() @ camera.matrix_world
    assert ops.align_ground() == {"FINISHED"}
    means = shown(obj).means
    assert np.abs(means[:2000, 2]).max() < 0.05 and np.median(means[2000:, 2]) == pytest.approx(0.6, abs=0.05)
    assert camera.matrix_world.translation.z == pytest.approx(1.5, abs=0.1)
    np.testing.assert_allclose(np.array(obj.matrix_world.inverted() @ camera.matrix_world), np.array(between), atol=1e-5)
    ops.align_ground(flip=True)
    assert np.median(shown(obj).means[2000:, 2]) == pytest.approx(-0.6, abs=0.05)


@pytest.mark.parametrize("by", ["splats", "empties"])
def test_three_points_are_a_ground(by):
    whole, obj, _ = tilted_room()
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    if by == "splats":
        select(obj, np.isin(np.arange(3000), [1, 2, 3]))
    else:
        only(obj, *(empty(f"corner {k}", parent=whole, location=corner) for k, corner in enumerate(corners)))
    assert ops.align_ground(method="POINTS") == {"FINISHED"}
    assert np.abs(shown(obj).means[:2000, 2]).max() < 0.1 and np.median(shown(obj).means[2000:, 2]) > 0.5


def test_grounds_that_cannot_be_are_told():
    add(some_splats(3000))
    with pytest.raises(RuntimeError, match="No plane holds enough"):
        ops.align_ground()
    with pytest.raises(RuntimeError, match="three points that are not on a line"):
        ops.align_ground(method="POINTS")


def test_a_known_distance_scales_the_whole():
    whole, obj, _ = tilted_room()
    before = shown(obj)
    select(obj, np.isin(np.arange(3000), [5, 7]))
    assert ops.set_scale(distance=2.5) == {"FINISHED"}
    after = shown(obj)
    assert np.linalg.norm(after.means[5] - after.means[7]) == pytest.approx(2.5, rel=1e-4)
    factor = 2.5 / np.linalg.norm(before.means[5] - before.means[7])
    np.testing.assert_allclose(after.scales, before.scales * factor, rtol=1e-4)
    np.testing.assert_allclose((after.means[5] + after.means[7])[:2], (before.means[5] + before.means[7])[:2], atol=1e-4)
    only(obj, *(empty(f"end {x}", location=(x, 0, 0)) for x in (1, 3)))
    ops.set_scale(distance=1)
    assert ops.set_scale(distance=4, first=(0, 0, 0), second=(0, 0, 1)) == {"FINISHED"}
    assert whole.scale.x == pytest.approx(factor * 0.5 * 4, rel=1e-4)


def test_a_distance_wants_two_points():
    obj = add()
    select(obj, first(3))
    with pytest.raises(RuntimeError, match="two points, but 3 are selected"):
        ops.set_scale(distance=1)


# And the rest of Blender


@pytest.mark.parametrize(
    ("name", "options"),
    [("select_all", {}), ("delete_splats", {}), ("hide_splats", {}), ("separate_splats", {}), ("apply_transform", {})],
)
def test_undo_brings_back_what_was_there(name, options):
    obj = add(location=(1, 2, 3))
    select(obj, first(10))
    before, count = shown(obj), len(bpy.data.objects)
    bpy.ops.ed.undo_push(message="before")
    getattr(ops, name)("EXEC_DEFAULT", True, **options)  # pushes a step of its own
    bpy.ops.ed.undo()
    obj = bpy.data.objects["thing"]
    np.testing.assert_array_equal(selected(obj), first(10))
    bpy.context.view_layer.update()
    for part, array in before.arrays().items():
        np.testing.assert_array_equal(getattr(shown(obj), part), array)
    assert drawn(obj) == COUNT and len(bpy.data.objects) == count
    assert tuple(obj.location) == (1, 2, 3)


def test_masks_are_saved(tmp_path):
    obj = add()
    select(obj, first(30))
    ops.hide_splats()
    select(obj, ~first(40))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    obj = bpy.data.objects["thing"]
    np.testing.assert_array_equal(selected(obj), ~first(40))
    assert drawn(obj) == 30 and len(shown(obj)) == 30


def test_other_objects_are_not_edited():
    bpy.context.view_layer.objects.active = empty()
    for name in ("select_all", "delete_splats", "apply_transform", "align_ground"):
        with pytest.raises(RuntimeError, match="Select an object with splats"):
            getattr(ops, name)()


def test_linked_splats_are_not_edited(tmp_path):
    add()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["thing"]
    bpy.context.collection.objects.link(wanted.objects[0])
    only(wanted.objects[0])
    with pytest.raises(RuntimeError, match="belong to another file: make them local"):
        ops.select_all()


def test_mirrors_above_and_below_are_applied_too():
    place = empty("place", scale=(-1, 1, 1))
    obj = add(parent=place, rotation_euler=(0.3, 0.2, 0.1), scale=(1, 1, -1))
    bpy.context.view_layer.update()
    before = shown(obj)
    ops.apply_transform()
    bpy.context.view_layer.update()
    assert_same_look(before, shown(obj))
    assert obj.matrix_basis == Matrix()
