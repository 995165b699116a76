# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as Blender's point clouds, and back."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from operators.scene import masks, nodes, points
from operators.scene.conversion import linear
from operators.scene.drawing import COLOR, NAME, blend_as_trained, drawn_by_blender, prepare
from operators.scene.splats import add_splats, is_splats, read_splats, update_splats
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.gaussians.harmonics import colors
from tttlrm_blender.gaussians.transform import apply_matrix, apply_similarity


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def random_splats(count, degree=3, seed=0):
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(count, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales, opacities = rng.uniform(0.01, 0.2, (count, 3)), rng.uniform(size=count)
    arrays = rng.normal(size=(count, 3)), quats, scales, opacities, rng.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def assert_equal(left, right, tolerance=0.0):
    for name, array in left.arrays().items():
        np.testing.assert_allclose(getattr(right, name), array, rtol=0, atol=tolerance, err_msg=name)
        assert getattr(right, name).dtype == np.float32


@pytest.mark.parametrize("count, degree", [(1000, 3), (7, 0), (1, 1), (5000, 2), (0, 3)])
def test_splats_come_back_bit_for_bit(count, degree):
    splats = random_splats(count, degree)
    assert_equal(splats, read_splats(add_splats("cloud", splats)))


def test_splats_stay_antialiased_until_others_replace_them():
    splats = replace(random_splats(10), antialiased=True)
    obj = add_splats("cloud", splats)
    assert read_splats(obj).antialiased and len(obj.data.attributes["splat_antialiased"].data) == 10
    update_splats(obj, replace(splats, antialiased=False))
    assert not read_splats(obj).antialiased and "splat_antialiased" not in obj.data.attributes


def test_hidden_splats_do_not_count_as_antialiased():
    obj = add_splats("cloud", replace(random_splats(4), antialiased=True))
    points.write(obj.data, masks.ANTIALIASED, "BOOLEAN", np.array([True, True, False, False]))
    masks.hide(obj, np.array([True, True, False, False]))
    assert not read_splats(obj).antialiased and not masks.antialiased_of_visible(obj).any()
    masks.hide(obj, np.array([True, False, False, False]))
    assert read_splats(obj).antialiased and list(masks.antialiased_of_visible(obj)) == [True, False, False]


def test_making_points_leaves_nothing_else_behind():
    add_splats("cloud", random_splats(10))
    assert [obj.name for obj in bpy.data.objects] == ["cloud"]
    assert [cloud.name for cloud in bpy.data.pointclouds] == ["cloud"]


def test_bounds_are_those_of_the_splats():
    """Whatever replaces them; Blender before 5.1 by itself keeps the bounds that a cloud had first."""
    splats = random_splats(200)
    obj = add_splats("cloud", splats)
    assert_bounded(obj, splats)
    update_splats(obj, apply_similarity(splats, 5.0, np.eye(3), np.array([10.0, 0, 0])))
    assert_bounded(obj, read_splats(obj))
    points.replace(obj.data, points.cloud_like(obj.data, points.rows(points.read_all(obj.data), np.arange(200) < 20)))
    assert_bounded(obj, read_splats(obj))


def assert_bounded(obj, splats):
    bpy.context.view_layer.update()
    corners = np.array(obj.bound_box)
    low, high = splats.means.min(axis=0), splats.means.max(axis=0)
    size = splats.scales.max() if drawn_by_blender() else 0.01
    assert (corners.min(axis=0) <= low + 1e-5).all() and (corners.max(axis=0) >= high - 1e-5).all()
    np.testing.assert_allclose(obj.dimensions, high - low, rtol=0, atol=2 * size + 1e-5)


def test_the_drawing_follows_all_other_modifiers():
    obj = add_splats("cloud", random_splats(3))
    obj.modifiers.new("later", "NODES")
    assert [modifier.name for modifier in obj.modifiers if modifier.name != NAME] == ["later"]
    assert drawn_by_blender() or obj.modifiers[-1].name == NAME


def test_updating_replaces_the_splats_of_the_same_object():
    obj = add_splats("cloud", random_splats(10))
    modifiers = len(obj.modifiers)
    more = random_splats(30, degree=1, seed=1)
    update_splats(obj, more)
    assert_equal(more, read_splats(obj))
    assert len(bpy.data.pointclouds) == 1
    assert obj.data.name == "cloud"
    assert len(obj.modifiers) == modifiers


def test_splats_survive_saving_and_loading(tmp_path):
    splats = random_splats(200)
    add_splats("cloud", splats)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert_equal(splats, read_splats(bpy.data.objects["cloud"]))


def test_reading_follows_the_transforms_of_the_object_and_its_parents():
    splats = random_splats(100)
    obj = add_splats("cloud", splats)
    parent = bpy.data.objects.new("parent", None)
    bpy.context.collection.objects.link(parent)
    obj.parent = parent
    parent.location, parent.scale = (1, 2, 3), (2, 2, 2)
    obj.location, obj.rotation_euler = (-1, 0.5, 0), (0.3, -1.2, 2.0)
    read = read_splats(obj)
    world = np.array(obj.matrix_world)
    assert_equal(apply_similarity(splats, 2.0, world[:3, :3] / 2, world[:3, 3]), read, 1e-5)
    np.testing.assert_allclose(read.means, splats.means @ world[:3, :3].T + world[:3, 3], atol=1e-5)
    np.testing.assert_allclose(read.scales, 2 * splats.scales, rtol=1e-5)


def test_reading_keeps_the_colours_that_a_turned_object_shows():
    splats = random_splats(50)
    obj = add_splats("cloud", splats)
    obj.rotation_euler = (0.3, -1.2, 2.0)
    read = read_splats(obj)
    turn = np.array(obj.matrix_world)[:3, :3]
    direction = np.array([[0.6, 0.0, 0.8]])
    np.testing.assert_allclose(colors(read.sh, direction @ turn.T), colors(splats.sh, direction), atol=1e-4)


@pytest.mark.parametrize("scale", [(1, 2, 0.5), (-1, 1, 1)])
def test_reading_follows_stretching_and_mirroring(scale):
    splats = random_splats(50)
    obj = add_splats("cloud", splats)
    obj.scale, obj.rotation_euler = scale, (0.3, -1.2, 2.0)
    read = read_splats(obj)
    assert_equal(apply_matrix(splats, np.array(obj.matrix_world)), read)


def test_a_flattened_object_is_refused():
    obj = add_splats("cloud", random_splats(3))
    obj.scale = (1, 0, 1)
    with pytest.raises(TttlrmError) as caught:
        read_splats(obj)
    assert caught.value.code == "bad_transform"


def test_other_objects_are_no_splats():
    empty = bpy.data.objects.new("empty", None)
    bare = bpy.data.objects.new("bare", bpy.data.pointclouds.new("bare"))
    assert not any(is_splats(obj) for obj in (None, empty, bare))
    with pytest.raises(TttlrmError, match="“empty” has no splats"):
        read_splats(empty)


def instances_to_points() -> bpy.types.NodeTree:
    """A modifier that makes the attributes of instances readable, as `evaluated_geometry` does in newer Blenders only."""
    tree = bpy.data.node_groups.new("as points", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    points = nodes.add(tree, "GeometryNodeInstancesToPoints", tree.nodes.new("NodeGroupInput"))
    nodes.add(tree, "NodeGroupOutput", points)
    return tree


def test_what_is_prepared_is_what_renders_need():
    def names():
        return {group.name for group in bpy.data.node_groups}

    add_splats("cloud", random_splats(3))
    needed = names()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for count in range(len(needed)):
        assert len(names()) == count
        prepare()
    prepare()
    assert names() == needed
    add_splats("cloud", random_splats(3))
    assert names() == needed


@pytest.mark.usefixtures("older_blender")
@pytest.mark.parametrize("trained", [False, True])
def test_geometry_nodes_compute_the_colours_that_the_camera_sees(trained):
    splats = random_splats(300)
    obj = add_splats("cloud", splats)
    blend_as_trained(obj, trained)
    obj.modifiers[NAME].show_viewport = True
    obj.location, obj.rotation_euler, obj.scale = (1, 2, 3), (0.3, -1.2, 2.0), (2, 2, 2)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location = (3, -5, 2)
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    obj.modifiers[NAME].use_pin_to_last = False
    obj.modifiers.new("as points", "NODES").node_group = instances_to_points()
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    seen = np.empty((300, 4), dtype=np.float32)
    evaluated.attributes[COLOR].data.foreach_get("color", seen.ravel())
    eye = (np.linalg.inv(np.array(obj.matrix_world)) @ [3, -5, 2, 1])[:3]
    directions = splats.means - eye
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    expected = colors(splats.sh, directions)
    np.testing.assert_allclose(seen[:, :3], expected if trained else linear(expected), atol=1e-5)
