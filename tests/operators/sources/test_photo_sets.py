# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of photos and poses as the files that the worker is given."""

from pathlib import Path

import pytest

from operators.engine import settings
from operators.sources.photo_sets import folder_files, photos_in, pose_files, stands_upright
from tttlrm_blender.errors import TttlrmError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_photos_and_poses_are_sent_and_nothing_else(tmp_path):
    make(tmp_path, "b.JPG", "images/a.png", "transforms.json", "sparse/0/cameras.bin", "film.mp4", "database.db")
    names = ["b.JPG", "images/a.png", "sparse/0/cameras.bin", "transforms.json"]
    assert sorted(folder_files(tmp_path)) == sorted(names)
    assert folder_files(tmp_path)["images/a.png"] == tmp_path / "images/a.png"


def test_photos_in_subfolders_are_listed_and_sent(tmp_path):
    make(tmp_path, "left/1.bmp", "right/1.JFIF", "masks/1.png", "log.md")
    assert [path.name for path in photos_in(tmp_path)] == ["1.bmp", "1.JFIF"]
    assert sorted(folder_files(tmp_path)) == ["left/1.bmp", "masks/1.png", "right/1.JFIF"]


def test_a_video_alone_is_sent(tmp_path):
    make(tmp_path, "film.MP4", "notes.md")
    assert folder_files(tmp_path) == {"film.MP4": tmp_path / "film.MP4"}
    with pytest.raises(TttlrmError, match=r"There are no photos in .*, but videos: film\.MP4, other\.mov"):
        folder_files(make(tmp_path, "other.mov"))


def test_a_folder_without_photos_is_refused(tmp_path):
    with pytest.raises(TttlrmError, match="There are no photos in"):
        folder_files(make(tmp_path, "transforms.json"))


def test_poses_of_the_set_itself_need_no_more_files():
    files = {"a.png": b"", "sparse/0/cameras.bin": b"", "old.json": b""}
    assert pose_files("auto", files) == ("auto", {})
    assert pose_files("sparse/0", files) == ("sparse/0", {})
    assert pose_files("old.json", files) == ("old.json", {})


def test_poses_from_elsewhere_are_sent_along(tmp_path):
    make(tmp_path, "cameras.json", "model/cameras.bin", "model/images.bin", "model/log.md")
    name, extra = pose_files(str(tmp_path / "cameras.json"), {"a.png": b""})
    assert extra == {name: tmp_path / "cameras.json"}
    name, extra = pose_files(str(tmp_path / "model"), {"a.png": b""})
    assert sorted(extra) == [f"{name}/cameras.bin", f"{name}/images.bin"]


def test_poses_that_do_not_exist_are_told(tmp_path):
    with pytest.raises(TttlrmError, match=r"There are no camera poses at .*nowhere"):
        pose_files(str(tmp_path / "nowhere"), {"a.png": b""})


@pytest.mark.parametrize(
    ("poses", "files", "orient", "upright"),
    [
        ("auto", ["transforms.json"], "auto", True),
        ("auto", ["a.jpg"], "auto", True),  # estimated
        ("auto", ["a.jpg"], "never", False),
        ("auto", ["a.jpg", "sparse/0/images.bin"], "auto", False),
        ("auto", ["a.jpg", "sparse/0/images.bin"], "always", True),
        ("estimate", ["a.jpg", "sparse/0/images.bin"], "auto", True),
        ("x/transforms.json", [], "auto", True),
        ("sparse/0", ["transforms.json"], "auto", False),
    ],
)
def test_which_scenes_stand_upright(poses, files, orient, upright):
    wanted = settings.ReconstructSettings(poses=poses, orient=orient)
    assert stands_upright(wanted, dict.fromkeys(files, b"")) is upright
