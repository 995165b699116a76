# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos are added to a scene."""

from pathlib import Path

import bpy
import pytest

from tests.operators.installed import cameras_named, image_empty, reconstructed

ops = bpy.ops.tttlrm


def test_photos_are_added_in_place_under_names_of_their_own(toy, photos):
    splats = reconstructed(photos, name="Bust")
    splats.parent.location, material = (1, 2, 3), bpy.data.materials.new("mine")
    splats.data.materials.append(material)
    image_empty(photos, "1.png")
    assert ops.extend() == {"FINISHED"}
    assert bpy.context.object == splats and splats.select_get() and len(splats.data.points) == 13
    assert splats.data.materials[0] == material
    assert cameras_named() == ["1.png", "1_2.png", "2.png"]
    new = next(obj for obj in bpy.data.objects if obj.type == "CAMERA" and obj.data["tttlrm_photo"] == "1_2.png")
    assert new.parent == splats.parent and new.users_collection[0].name == "Bust cameras"
    assert Path(new.data.background_images[0].image.filepath) == photos / "1.png"


@pytest.mark.parametrize("older", [False, True])
def test_cameras_without_their_parent_are_known_again(toy, photos, older):
    """Those in files of older versions do not have the name of their scene, but are still in its collection."""
    other, splats = reconstructed(photos), reconstructed(photos)
    for camera in bpy.data.cameras:
        if older:
            del camera["tttlrm_scene"]
    for each in (other, splats):
        bpy.data.objects.remove(each.parent)
    assert ops.extend(directory=str(photos), files=[{"name": "2.png"}]) == {"FINISHED"}
    assert cameras_named() == ["1.png", "1.png", "2.png", "2.png", "2_2.png"]
    assert ops.extend(directory=str(photos), files=[{"name": "1.png"}]) == {"FINISHED"}
    assert cameras_named() == ["1.png", "1.png", "1_2.png", "2.png", "2.png", "2_2.png"]


def test_photos_are_added_from_files_and_folders(toy, photos):
    splats = reconstructed(photos)
    assert ops.extend(directory=str(photos), files=[{"name": "2.png"}]) == {"FINISHED"}
    assert ops.extend(directory=str(photos)) == {"FINISHED"}
    assert cameras_named() == ["1.png", "1_2.png", "2.png", "2_2.png", "2_3.png"]
    assert len(splats.data.points) == 14


def test_what_cannot_be_added_is_told_and_the_scene_is_kept(toy, photos, tmp_path):
    splats = reconstructed(photos)
    with pytest.raises(RuntimeError, match=r"There are no new photos\. Select image empties"):
        ops.extend()
    with pytest.raises(RuntimeError, match=r"The folder .*nowhere does not exist"):
        ops.extend(directory=str(tmp_path / "nowhere"))
    with pytest.raises(RuntimeError, match=r"nowhere\.png cannot be read"):
        ops.extend(directory=str(photos), files=[{"name": "nowhere.png"}])
    assert ops.decode(max_splats=3) == {"FINISHED"} and len(splats.data.points) == 3
