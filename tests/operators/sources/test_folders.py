# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders with check marks, and videos: what is missing, what the button says, and which files the worker is given."""

import bpy
import pytest

from operators import sources
from operators.actions.drop import Dropped
from tests.operators.sources.panel import choose, missing

ops = bpy.ops.tttlrm


def test_photos_of_a_folder_have_check_marks(photos):
    assert ops.choose_folder(directory=str(photos)) == {"FINISHED"}
    group = bpy.context.scene.tttlrm.source
    assert [photo.name for photo in group.photos] == ["images/a.png", "images/b.png", "images/c.png"]
    assert missing() == "" and sources.source_of(bpy.context).label == "3 Photos"
    group.photos[1].use = False
    files = sources.source_of(bpy.context).files()
    assert sorted(files) == ["images/a.png", "images/c.png", "transforms.json"]
    (photos / "images/a.png").unlink()
    ops.list_photos()
    assert [(photo.name, photo.use) for photo in group.photos] == [("images/b.png", False), ("images/c.png", True)]
    assert missing() == "Check at least 2 photos."
    ops.check_photos(which="INVERT")
    assert [photo.use for photo in group.photos] == [True, False]
    ops.check_photos(which="ALL")
    assert missing() == ""


def test_a_folder_that_is_not_chosen_or_empty_is_told(tmp_path):
    choose("FOLDER")
    assert missing() == "Choose a folder of photos."
    ops.choose_folder(directory=str(tmp_path))
    assert missing() == f"There are no photos in {tmp_path}. Choose another folder."
    with pytest.raises(RuntimeError, match="Choose another folder"):
        ops.reconstruct()


def test_a_video_is_sent_as_it_is(tmp_path):
    choose("VIDEO")
    assert missing() == "Choose a video file."
    choose("VIDEO", video=str(tmp_path / "film.txt"))
    assert missing().startswith("film.txt is not a supported video")
    choose("VIDEO", video=str(tmp_path / "film.mp4"))
    assert "does not exist" in missing()
    (tmp_path / "film.mp4").write_bytes(b"")
    assert missing() == ""
    source = sources.source_of(bpy.context)
    assert source.files() == {"film.mp4": tmp_path / "film.mp4"} and source.title == "film"


def test_photos_that_came_or_went_since_the_folder_was_listed_are_named(photos):
    ops.choose_folder(directory=str(photos))
    assert sources.source_of(bpy.context).warning == ""
    (photos / "images/a.png").rename(photos / "images/d.png")
    warning = sources.source_of(bpy.context).warning
    assert "deleted since the folder was listed: images/a.png." in warning and "are used too: images/d.png." in warning
    assert sum(name.endswith(".png") for name in sources.source_of(bpy.context).files()) == 3


def test_chosen_files_that_are_no_photos_are_named(photos):
    source = sources.chosen(photos / "images", ["a.png", "b.png", "notes.txt", "film.mp4"])
    assert source.label == "2 Photos" and len(source.files()) == 2
    assert source.warning == "Left out: film.mp4, notes.txt."
    none = sources.chosen(photos, ["notes.txt", "other.txt"])
    assert str(none.missing) == "No photo is among the chosen files. Left out: notes.txt, other.txt."
    assert sources.chosen(photos / "images", ["a.png", "b.png"]).warning == ""


@pytest.mark.parametrize(
    ("names", "unused"),
    [
        (["a.png", "b.png"], []),
        (["a.png", "b.png", "film.mp4"], ["film.mp4"]),
        (["film.mp4", "other.mp4"], ["other.mp4"]),
        (["transforms.json", "a.png", "b.png"], []),
        (["transforms.json", "cameras.json"], ["cameras.json"]),
    ],
)
def test_dropped_files_that_are_not_used_are_known(names, unused, tmp_path):
    assert [path.name for path in Dropped(tmp_path, tuple(names)).unused] == unused
