# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats beside their photos: figures, cameras and ways to compare."""

import bpy
import pytest

from tests.operators.installed import reconstructed
from tests.operators.photos import save_photo

ops = bpy.ops.tttlrm
NAMES = ["1.png", "2.png", "3.png"]


@pytest.fixture
def splats(toy, tmp_path) -> bpy.types.Object:
    for name in NAMES:
        save_photo(tmp_path / "statue" / name)
    return reconstructed(tmp_path / "statue")


def seen() -> str:
    """The photo of the scene's camera."""
    return bpy.context.scene.camera.data["tttlrm_photo"]


def listed(splats: bpy.types.Object) -> list[tuple[str, float, bool]]:
    return [(figure.name, figure.psnr, figure.set_aside) for figure in splats.tttlrm.figures]


def test_each_photo_is_measured_when_splats_are_refined_worst_first(splats):
    assert listed(splats) == []
    assert ops.refine(steps=9) == {"FINISHED"}
    assert listed(splats) == [("3.png", 28.0, False), ("2.png", 29.0, False), ("1.png", 30.0, True)]
    assert listed(splats.copy()) == listed(splats), "a duplicate has its own"
    assert ops.decode() == {"FINISHED"}
    assert listed(splats) == [], "a draft has none"


def test_a_photo_chosen_in_the_list_is_looked_at(splats):
    assert ops.refine(steps=9) == {"FINISHED"}
    splats.tttlrm.active_figure = 1
    assert seen() == "2.png"
    splats.tttlrm.active_figure = 0
    render = bpy.context.scene.render
    assert seen() == "3.png" and (render.resolution_x, render.resolution_y) == (32, 24)


def test_photos_are_looked_at_one_after_another_and_around(splats):
    assert ops.refine(steps=9) == {"FINISHED"}
    bpy.context.scene.camera = None
    forth = [ops.next_photo() and seen() for _ in range(4)]
    assert forth == [*NAMES, NAMES[0]]
    assert splats.tttlrm.figures[splats.tttlrm.active_figure].name == NAMES[0], "as the list shows"
    assert [ops.previous_photo() and seen() for _ in range(2)] == [NAMES[2], NAMES[1]]
    bpy.context.view_layer.objects.active = bpy.context.scene.camera
    assert ops.next_photo() == {"FINISHED"} and seen() == NAMES[2], "also while a camera is active"


def test_a_certain_photo_is_looked_at(splats):
    assert ops.view_photo(photo="2.png") == {"FINISHED"} and seen() == "2.png"
    assert ops.view_photo() == {"FINISHED"} and seen() == "2.png", "that of the scene's camera"
    with pytest.raises(RuntimeError, match=r"no camera of the photo 4\.png"):
        ops.view_photo(photo="4.png")


def test_a_size_of_renders_that_a_person_has_chosen_stays(splats):
    render = bpy.context.scene.render
    assert ops.view_photo(photo="2.png") == {"FINISHED"} and (render.resolution_x, render.resolution_y) == (32, 24)
    render.resolution_x, render.resolution_y = 1920, 1080
    assert ops.view_photo(photo="1.png") == {"FINISHED"} and (render.resolution_x, render.resolution_y) == (32, 24)
    render.resolution_x = 800
    assert ops.next_photo() == {"FINISHED"} and (render.resolution_x, render.resolution_y) == (800, 24)


def test_ways_to_compare_follow_each_other(splats):
    group = bpy.context.scene.tttlrm.compare
    assert [ops.compare() and group.mode for _ in range(4)] == ["WIPE", "DIFFERENCE", "OFF", "WIPE"]
    assert seen() == "1.png", "a view that looks through no camera is made to"
    assert ops.compare(mode="OFF") == {"FINISHED"} and group.mode == "OFF"
    assert ops.wipe() == {"FINISHED"} and group.mode == "WIPE"


def test_there_is_nothing_to_look_at_without_cameras(splats):
    for camera in [obj for obj in bpy.data.objects if obj.type == "CAMERA"]:
        bpy.data.objects.remove(camera)
    assert not ops.next_photo.poll() and not ops.compare.poll() and not ops.wipe.poll()
