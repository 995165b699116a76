# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject of splats among haze, and the view of it."""

import bpy
import numpy as np
import pytest

from operators.scene import framing, masks
from operators.scene.splats import add_splats
from tests.operators.viewport.seen import random_splats

HAZE = 20  # of 400 splats


def hazy():
    """Splats in a cube of ±1, and some far away."""
    splats = random_splats(400)
    splats.means[:] = np.random.default_rng(0).uniform(-1, 1, (400, 3))
    splats.means[:HAZE] *= 500
    return splats


@pytest.fixture
def splats(registered):
    bpy.ops.wm.read_homefile(app_template="")
    obj = add_splats("cloud", hazy())
    for other in bpy.context.view_layer.objects:
        other.select_set(other == obj)
    return obj


def test_the_subject_is_where_most_splats_are():
    low, high = framing.subject(hazy().means)
    assert (low > -1.5).all() and (low < -0.7).all() and (high < 1.5).all() and (high > 0.7).all()


def test_a_fifth_of_the_splats_behind_it_is_no_subject():
    places = hazy().means[HAZE:]
    places[: len(places) // 5, 1] = np.linspace(50, 500, len(places) // 5)
    low, high = framing.subject(places)
    assert (low > -1.5).all() and (high < 4.5).all()


def test_a_subject_reaches_no_farther_than_its_splats():
    points = np.array([[0.0, 0, 0], [1, 2, 3]])
    np.testing.assert_array_equal(framing.subject(points), points)


def test_hidden_splats_are_not_the_subject(splats):
    masks.hide(splats, np.arange(400) >= 10)
    with framing.subjects_selected(bpy.context):
        (box,) = bpy.context.selected_objects
        assert max(box.dimensions) > 100


def test_boxes_are_selected_for_a_moment(splats):
    splats.location = (5, 0, 0)
    objects, meshes = set(bpy.data.objects), set(bpy.data.meshes)
    with framing.subjects_selected(bpy.context):
        (box,) = bpy.context.selected_objects
        assert box != splats and box.matrix_world.translation.x == 5 and max(box.dimensions) < 3
    assert bpy.context.selected_objects == [splats]
    assert (set(bpy.data.objects), set(bpy.data.meshes)) == (objects, meshes)


def test_the_view_goes_to_the_subject(splats):
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    view = area.spaces.active.region_3d
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.view3d.view_selected()
        far = view.view_distance
        assert bpy.ops.tttlrm.view_splats() == {"FINISHED"}
    assert view.view_distance < 12 < far
    assert np.abs(view.view_location).max() < 0.5


def test_other_objects_are_for_blenders_own_operator(splats):
    splats.select_set(False)
    assert not bpy.ops.tttlrm.view_splats.poll()
