# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats whose scene is gone."""

from pathlib import Path

import bpy
import pytest

from tests.operators.photos import save_photo

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm


def test_reconstructing_again_takes_the_photos_of_the_cameras_beside_the_splats(splats):
    splats.tttlrm.session = "gone"
    camera = next(obj for obj in bpy.data.objects if obj.type == "CAMERA")
    other = camera.copy()  # one photo would be too few
    camera.users_collection[0].objects.link(other)
    assert ops.reconstruct_again() == {"FINISHED"}
    assert bpy.context.object != splats and bpy.context.object.tttlrm.session not in ("", "gone")
    assert ops.decode(max_splats=4) == {"FINISHED"} and len(bpy.context.object.data.points) == 4


def test_the_panel_does_not_say_what_is_reconstructed_again(splats, tmp_path):
    """Neither its folder nor its file of poses, and nothing is selected for it."""
    folder = save_photo(tmp_path / "other" / "other_1.png").parent
    save_photo(folder / "other_2.png")
    (folder / "poses.json").write_text("{}")
    assert ops.choose_folder(directory=str(folder)) == {"FINISHED"}
    group = bpy.context.scene.tttlrm
    group.source.cameras, group.poses = "FILE", str(folder / "poses.json")
    camera = next(obj for obj in bpy.data.objects if obj.type == "CAMERA")
    camera.users_collection[0].objects.link(camera.copy())
    stranger = bpy.data.objects.new("other", bpy.data.cameras.new("other"))
    bpy.context.scene.collection.objects.link(stranger)
    stranger.data.background_images.new().image = bpy.data.images.load(str(folder / "other_1.png"))
    assert ops.reconstruct_again() == {"FINISHED"}
    files = bpy.context.object.tttlrm.files.split("\n")
    assert sorted(Path(name).name for name in files) == ["1.png", "1_2.png", "transforms.json"]
    assert bpy.context.object.users_collection[0].name.startswith("statue")


def test_splats_without_photos_are_told_so(splats):
    for camera in [obj for obj in bpy.data.objects if obj.type == "CAMERA"]:
        bpy.data.objects.remove(camera)
    with pytest.raises(RuntimeError, match="The cameras of these splats show no photos"):
        ops.reconstruct(again=True)
