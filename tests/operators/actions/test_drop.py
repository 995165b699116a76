# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos, pose files and videos that are dropped into the 3D view."""

from pathlib import Path

import bpy
import pytest

from tests.operators.installed import cameras_named

ops = bpy.ops.tttlrm


def drop(folder: Path, *names: str) -> set[str]:
    return ops.drop(directory=str(folder), files=[{"name": name} for name in names])


def test_dropped_photos_are_reconstructed(toy, photos):
    assert drop(photos, "1.png", "2.png") == {"FINISHED"}
    assert cameras_named() == ["images/1.png", "images/2.png"]
    assert bpy.context.object.users_collection[0].name == "statue"


def test_a_dropped_pose_file_stands_for_the_photos_beside_it(toy, photos):
    (photos / "transforms.json").write_text("{}")
    assert drop(photos, "transforms.json") == {"FINISHED"}
    assert cameras_named() == ["1.png", "2.png"]
    assert bpy.context.object.tttlrm.files.split("\n") == ["1.png", "2.png", "transforms.json"]


def test_a_dropped_video_is_sent(toy, photos):
    (photos / "film.mp4").write_bytes(b"film")
    assert drop(photos, "film.mp4") == {"FINISHED"}
    assert bpy.context.object.tttlrm.files == "film.mp4"


def test_what_is_dropped_in_vain_is_told(toy, tmp_path):
    (tmp_path / "table.json").write_text("{}")
    with pytest.raises(RuntimeError, match=r"^Error: There are no photos in"):
        drop(tmp_path, "table.json")


def test_the_whole_folder_is_reconstructed_if_wanted(toy, photos):
    (photos / "1.png").with_name("transforms.json").write_text("{}")
    assert ops.drop(directory=str(photos), files=[{"name": "1.png"}], whole=True) == {"FINISHED"}
    assert cameras_named() == ["1.png", "2.png"]
    assert "transforms.json" in bpy.context.object.tttlrm.files.split("\n")
