# SPDX-License-Identifier: GPL-3.0-or-later
"""What names in pose files mean: other spellings, moved folders, and names that no file or more than one fits."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.poses.named_files import Found, find_files, places


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path, *names: str) -> Found:
    return find_files(folder / "transforms.json", names, places(folder, folder), folder)


def test_a_name_means_its_file_however_it_is_spelled(tmp_path: Path) -> None:
    file = make(tmp_path, "Images/Straße Ü 1.JPG") / "Images/Straße Ü 1.JPG"
    apart = unicodedata.normalize("NFD", "Straße Ü 1")
    spellings = [
        "Images/Straße Ü 1.JPG",
        "./Images/../Images//Straße Ü 1.JPG",
        "images/straße ü 1.jpg",
        r"images\Straße Ü 1.jpg",
        r".\IMAGES\Straße Ü 1.JPG",
        "Images/Straße Ü 1",
        "Straße Ü 1.JPG",
        f"Images/{apart}.JPG",
        f"images/{apart}",
        "Images/Straße Ü 1.png",
        str(file),
        "/somewhere/else/images/Straße Ü 1.jpg",
        r"C:\Users\me\images\straße ü 1.jpg",
        "images/train/Straße Ü 1.jpg",
        "../other/Straße Ü 1.jpg",
    ]
    for name in spellings:
        assert found(tmp_path, name).files == {name: file}, name


@pytest.mark.parametrize(
    ("files", "name", "means"),
    [
        (["images_4/a.png"], "images/a.png", "images_4/a.png"),
        (["images_8/a.png", "images_2/a.png"], "images/a.png", "images_2/a.png"),
        (["images_2/a.JPG"], r"images\a.jpg", "images_2/a.JPG"),
        (["images/a.png", "images_2/a.png"], "/far/images/a.png", "images/a.png"),
        (["photos/a.png", "images_2/a.png"], "/far/b/a.png", "photos/a.png"),
        (["left/a.png", "right/a.png"], "/far/right/a.png", "right/a.png"),
        (["left/x/a.png", "right/x/a.png"], "/far/RIGHT/x/a.png", "right/x/a.png"),
        (["left/a.png", "right/a.png"], "a.png", None),
        (["left/a.png", "right/a.png"], "/far/middle/a.png", None),
        (["a.jpg", "a.png"], "a", None),
        (["a.jpg", "a.nef"], "a", "a.jpg"),
        (["a.jpg", "a.NEF"], "a.nef", "a.NEF"),
        (["a.jpg", "A.jpg"], "A.JPG", None),
        (["r.1.png", "r.0.png"], "r.0", "r.0.png"),
        (["a.txt", "a"], "b", None),
        (["masks/a.png"], "images/a.png", None),
        (["masks/a.png", "x/a.png"], "images/a.png", "x/a.png"),
        ([".trash/a.png"], "images/a.png", None),
        (["a.png"], "", None),
        (["a.png"], "/", None),
        (["a.png"], "\0", None),
        (["a.png"], "b" * 5000 + ".png", None),
        (["a.png"], "..", None),
    ],
)
def test_only_the_one_file_that_fits(tmp_path: Path, files: list[str], name: str, means: str | None) -> None:
    make(tmp_path, *files)
    assert found(tmp_path, name).files == ({name: tmp_path / means} if means else {})


def test_names_that_more_than_one_file_fits_are_told_apart_from_missing_ones(tmp_path: Path) -> None:
    make(tmp_path, "left/a.png", "right/a.png", "b.jpg", "b.png")
    assert found(tmp_path, "a.png", "b", "c").unclear == ["b", "a.png"]


def test_no_two_names_mean_one_file(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b.jpg")
    assert found(tmp_path, "left/a.jpg", "right/a.jpg").files == {}
    assert set(found(tmp_path, "a.jpg", "A.jpg", "a.png", "x/a.jpg").files) == {"a.jpg"}
    assert set(found(tmp_path, "B.JPG", "b.png").unclear) == {"B.JPG", "b.png"}


def test_a_missing_photo_is_not_replaced_by_what_goes_with_others(tmp_path: Path) -> None:
    make(tmp_path, "images/a.png", "depth maps/a.png", "depth maps/b.png", "more/c.png")
    assert found(tmp_path, "images/a.png", "images/b.png", "images/c.png").files == {
        "images/a.png": tmp_path / "images/a.png",
        "images/c.png": tmp_path / "more/c.png",
    }


def test_files_that_have_moved_are_told(tmp_path: Path) -> None:
    make(tmp_path, "new/a.png", "B.png")
    result = found(tmp_path, "old/a.png", "b.png")
    assert len(result.files) == 2 and result.moved == ["old/a.png"]


NAMES = st.lists(st.from_regex(r"[a-c]{1,2}/[a-d0-9]{1,3}", fullmatch=True), min_size=1, max_size=6, unique=True)


@given(NAMES, st.data())
def test_a_whole_set_is_found_in_another_spelling_and_place(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    """Every file under its own name, with another way to write all of them."""
    folder = make(tmp_path_factory.mktemp("set"), *(f"{name}.jpg" for name in names))
    form = data.draw(st.sampled_from(["{}", "{}.jpg", "{}.JPG", "./{}.jpg", "/home/me/{}.jpg", "C:/x/{}.jpeg", "images/{}.png"]))
    slash = data.draw(st.sampled_from(["/", "\\"]))
    asked = {form.format(name).replace("/", slash): folder / f"{name}.jpg" for name in names}
    assert found(folder, *asked).files == asked


@given(NAMES, NAMES)
def test_a_file_is_never_taken_for_that_of_another_stem(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], files: list[str]
) -> None:
    folder = make(tmp_path_factory.mktemp("set"), *(f"{file}.jpg" for file in files))
    result = found(folder, *names).files
    assert all(Path(name).name == file.stem for name, file in result.items())
    assert len(set(result.values())) == len(result)
    assert set(names) & set(files) <= set(result)
