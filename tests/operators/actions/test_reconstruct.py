# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos become splats in the scene."""

from pathlib import Path

import bpy
import pytest

from tests.operators.installed import image_empty, reconstructed

ops = bpy.ops.tttlrm


def test_a_folder_becomes_a_collection(toy, photos):
    splats = reconstructed(photos, with_mesh=True, views=2)
    collection = bpy.data.collections["statue"]
    assert splats.type == "POINTCLOUD" and len(splats.data.points) == 12 and splats.select_get()
    kinds = sorted(obj.type for obj in collection.all_objects)
    assert kinds == ["CAMERA", "CAMERA", "EMPTY", "MESH", "POINTCLOUD"]
    cameras = sorted((obj for obj in collection.all_objects if obj.type == "CAMERA"), key=lambda obj: obj.name)
    assert [Path(obj.data.background_images[0].image.filepath) for obj in cameras] == [photos / "1.png", photos / "2.png"]


def test_splats_remember_their_scene_and_settings(toy, photos):
    bpy.context.scene.tttlrm.decode.scale, bpy.context.scene.tttlrm.decode.keep = 2.0, 0.25
    splats = reconstructed(photos, refine_steps=3)
    assert splats.tttlrm.session
    assert (splats.tttlrm.decode.scale, splats.tttlrm.decode.keep) == (1.0, 0.25), "the worker has made them larger already"
    assert splats.tttlrm.refine.steps == 3


def test_selected_image_empties_are_photos(toy, photos):
    for name in ("1.png", "2.png"):
        image_empty(photos, name)
    bpy.context.scene.tttlrm.source.kind = "SELECTED"
    assert ops.reconstruct(name="Bust") == {"FINISHED"}
    assert len([obj for obj in bpy.data.collections["Bust"].all_objects if obj.type == "CAMERA"]) == 2


def test_without_photos_a_sentence_says_what_to_do(toy, tmp_path):
    with pytest.raises(RuntimeError, match=r"Choose a folder of photos\."):
        ops.reconstruct()
    bpy.context.scene.tttlrm.source.kind = "SELECTED"
    with pytest.raises(RuntimeError, match=r"No photos are selected\. Select image empties"):
        ops.reconstruct()
    with pytest.raises(RuntimeError, match="There are no photos in"):
        ops.reconstruct(directory=str(tmp_path))
    with pytest.raises(RuntimeError, match=r"The folder .*nowhere does not exist"):
        ops.reconstruct(directory=str(tmp_path / "nowhere"))
    assert not bpy.data.objects


def test_a_failed_job_leaves_the_scene_alone(toy, photos):
    splats = reconstructed(photos)
    (photos / "broken.json").write_text("{}")
    before = sorted(obj.name for obj in bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"The photo 2\.png is cut off\. Copy it again\."):
        ops.reconstruct(directory=str(photos))
    assert sorted(obj.name for obj in bpy.data.objects) == before
    assert ops.decode(max_splats=3) == {"FINISHED"} and len(splats.data.points) == 3
