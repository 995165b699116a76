# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a folder are its photos, and what is said where there are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photo_files import files_below, image_files, is_plain, named, names_of, no_photos, plain
from tttlrm_blender.poses.find import find_photos

from .photos.files import Notes


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("files", "photos"),
    [
        (["b.bmp", "a.JFIF", "c.jpe"], ["a.JFIF", "b.bmp", "c.jpe"]),
        (["a.png", "deeper/b.png"], ["a.png"]),
        (["images/a.png", "other/b.png"], ["images/a.png"]),
        (["cam0/a.png", "cam1/a.png", "cam1/log.txt"], ["cam0/a.png", "cam1/a.png"]),
        (["DCIM/100CANON/a.jpg", "DCIM/101CANON/b.jpg"], ["DCIM/100CANON/a.jpg", "DCIM/101CANON/b.jpg"]),
        (["a/b/c/d.jpg"], ["a/b/c/d.jpg"]),
        (["a/b/c/d/e.jpg"], []),
        (["masks/a.png", "Depth/a.png", ".hidden/a.png"], []),
        (["color/a.png", "masks/a.png", "depth/a.png"], ["color/a.png"]),
        (["images_2/a.png", "images_4/a.png"], ["images_2/a.png"]),
        (["images_4/a.png", "masks/a.png"], ["images_4/a.png"]),
        (["cam0/a.jpg", "cam0/a.dng", "cam0/b.dng"], ["cam0/a.jpg", "cam0/b.dng"]),
        (["a.png/b.jpg"], ["a.png/b.jpg"]),
        (["a.png", "._a.png"], ["a.png"]),
        (["set/a.jpg", "__MACOSX/set/b.jpg", "@eaDir/c.jpg"], ["set/a.jpg"]),
        (["keyframes/images/a.jpg", "keyframes/corrected_images/a.jpg"], ["keyframes/images/a.jpg"]),
        (["set/images/a.txt", "set/b.jpg", "set/rgb/c.jpg"], ["set/b.jpg"]),
        (["set/color/a.jpg", "set/confidence/a.png"], ["set/color/a.jpg"]),
        ([], []),
    ],
)
def test_photos_lie_in_the_folder_or_below(tmp_path: Path, files: list[str], photos: list[str]) -> None:
    assert [named(path, tmp_path) for path in image_files(make(tmp_path, *files))] == photos


def test_files_of_one_name_in_two_folders_have_different_names(tmp_path: Path) -> None:
    assert names_of([tmp_path / "a/x/1.png", tmp_path / "a/y/1.png"]) == ["x/1.png", "y/1.png"]
    assert names_of([tmp_path / "a/1.png"]) == ["1.png"]
    assert names_of([]) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["b.mp4", "a.MOV"], "but videos: a.MOV, b.mp4. Choose one of the videos."),
        (["a.exr", "b.exr", "c.gif", "README"], "only files of other kinds: 2 .exr, 1 .gif, 1 readme. Choose a folder with JPEG"),
        (["deep/er/a.mp4", "._b.mp4"], "but videos: deep/er/a.mp4."),
        (["images/a.exr"], "only files of other kinds: 1 .exr."),
        (["deep/er/a.exr"], "only files of other kinds: 1 .exr."),
        ([], "the folder is empty. Choose a folder with at least two photos"),
        (["empty/.keep"], "only files of other kinds: 1 .keep."),
    ],
)
def test_a_folder_without_photos_is_told_what_is_in_it(tmp_path: Path, files: list[str], words: str) -> None:
    make(tmp_path, *files)
    assert words in str(no_photos(tmp_path))
    with pytest.raises(TttlrmError, match="There are no photos in") as caught:
        find_photos(tmp_path)
    assert caught.value.code == "no_photos" and words in str(caught.value)


def test_what_lies_beside_the_photos_and_is_not_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "cam0/a.jpg", "cam0/b.jpg", "cam0/c.exr", "cam0/d.exr", "cam0/e.gif", "cam0/take.mov", "notes.txt")

    def cull(images: list[Path], report: Notes, looks: object) -> list[Path]:
        raise TttlrmError("That is enough.")

    monkeypatch.setattr("tttlrm_blender.poses.find.cull_photos", cull)
    notes = Notes()
    with pytest.raises(TttlrmError, match="enough"):
        find_photos(tmp_path, report=notes)
    assert notes.notes == [
        "Images of these kinds are not read: 2 .exr, 1 .gif.",
        "The photos are used, and not the videos beside them: take.mov.",
    ]


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("C:\\Users\\me\\a.png", "a.png"),
        ("..\\tex/a.jpg", "a.jpg"),
        ("12:30.png", "12_30.png"),
        ("NUL.jpg", "_NUL.jpg"),
        ("..", "photo"),
        ("é" * 200 + ".jpg", "é" * 118 + ".jpg"),
        ("трi ö.png", "трi ö.png"),
    ],
)
def test_names_of_any_system_become_names_for_every_system(name: str, like: str) -> None:
    assert plain(name) == like and is_plain(like)


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_whatever_the_name_it_becomes_a_plain_one(name: str) -> None:
    assert is_plain(plain(name)) and plain(plain(name)) == plain(name)


def test_files_of_odd_folders_are_listed(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "deep/b.txt")
    (tmp_path / "loop").symlink_to("loop")
    assert [path.name for path in files_below(tmp_path)] == ["a.png", "b.txt"]


@pytest.mark.parametrize("name", ["none", "n" * 300, "a.png"])
def test_a_folder_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    make(tmp_path, "a.png")
    assert "does not exist" in str(no_photos(tmp_path / name))
