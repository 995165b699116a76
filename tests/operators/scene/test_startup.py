# SPDX-License-Identifier: GPL-3.0-or-later
"""The startup cube goes out of the way where nobody has touched anything, and only there."""

import bpy
import pytest

from operators.scene import startup
from tests.operators.scene.test_arrival import made

pytestmark = pytest.mark.usefixtures("registered")


@pytest.fixture
def cube() -> bpy.types.Object:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    return bpy.data.objects["Cube"]


def test_the_untouched_cube_is_hidden_in_views_and_renders(cube):
    splats, _ = made()
    groups = len(bpy.data.node_groups)
    assert startup.hide_cube(bpy.context.scene, splats)
    assert cube.hide_get() and cube.hide_render and not bpy.data.objects["Light"].hide_get()
    assert not startup.hide_cube(bpy.context.scene, splats), "once"
    assert len(bpy.data.node_groups) == groups


def move(cube):
    cube.location.x += 0.1


def rename(cube):
    cube.name = "House"


def push(cube):
    cube.data.vertices[0].co.x = 2


def paint(cube):
    shader = next(node for node in cube.active_material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (1, 0, 0, 1)


def cover(cube):
    cube.data.materials.clear()


def bend(cube):
    cube.modifiers.new("bend", "SIMPLE_DEFORM")


def add(cube):
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Mine", None))


def remove(cube):
    bpy.data.objects.remove(bpy.data.objects["Light"])


def dim(cube):
    bpy.data.objects["Light"].data.energy = 10


def turn(cube):
    cube.rotation_euler.z = 0.1


def enter(cube):
    bpy.context.view_layer.objects.active = cube
    bpy.ops.object.mode_set(mode="EDIT")


@pytest.mark.parametrize("touch", [move, rename, push, paint, cover, bend, add, remove, dim, turn, enter])
def test_a_scene_that_somebody_has_touched_stays(cube, touch):
    touch(cube)
    splats, _ = made()
    assert not startup.hide_cube(bpy.context.scene, splats)
    assert not cube.hide_render
