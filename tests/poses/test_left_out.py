# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that a file names or a folder shows is dropped in silence: photos, models, masks, and files of other kinds."""

import json
import shutil
import struct
from pathlib import Path

import pytest
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.poses.find import find_photos, find_test_photos

from ..photos.files import Notes, write_photo, write_transforms
from .test_benchmarks import write_synthetic
from .test_colmap import write_binary, write_text

LENS = (1, "PINHOLE", 16, 12, [9.0, 9.0, 8.0, 6.0])


def rows(*names: str) -> list:
    """Images of a COLMAP model, each with two observed points."""
    return [
        (number, [1.0, 0, 0, 0, number, 0, 0], 1, name, [(3.5, 4.0, 7), (1.0, 2.0, -1)]) for number, name in enumerate(names, 1)
    ]


def write_model(folder: Path, model: str, *names: str, write=write_binary) -> Path:
    (folder / model).mkdir(parents=True)
    write(folder / model, [LENS], rows(*names), [])
    for name in names:
        write_photo(folder / name)
    return folder / model


def found(folder: Path, poses: str = "auto") -> tuple[list[str], str]:
    notes = Notes()
    return [photo.name for photo in find_photos(folder, poses, notes)], "\n".join(notes.notes)


NAMES = [f"{letter}.png" for letter in "abcd"]
CHANGES = {
    "as COLMAP writes it": lambda lines: lines,
    "no points": lambda lines: [line for line in lines if len(line.split()) in (3, 10)],
    "empty points": lambda lines: [line if len(line.split()) != 6 else "" for line in lines],
    "blank at the end": lambda lines: [*lines, "", " "],
    "blank between": lambda lines: [part for index, line in enumerate(lines) for part in ([line, ""] if index % 2 else [line])],
    "blank everywhere": lambda lines: [part for line in lines for part in ("", line, "\t")],
    "blank at the beginning": lambda lines: ["", *lines],
    "comments between": lambda lines: [part for line in lines for part in (line, "# 1 2 3")],
    "no header": lambda lines: lines[1:],
    "points of some": lambda lines: [line for index, line in enumerate(lines) if index not in (2, 6)],
    "one point each": lambda lines: [line if len(line.split()) != 6 else "1 2 3" for line in lines],
    "four points": lambda lines: [line if len(line.split()) != 6 else "1 2 3 " * 4 for line in lines],
    "tabs": lambda lines: [line.replace(" ", "\t") for line in lines],
}


@pytest.mark.parametrize("change", CHANGES)
def test_images_txt_with_and_without_lines_of_points(tmp_path: Path, change: str) -> None:
    file = write_model(tmp_path, "sparse/0", *NAMES, write=write_text) / "images.txt"
    file.write_text("\n".join(CHANGES[change](file.read_text().splitlines())))
    assert found(tmp_path) == (NAMES, "")


def test_names_of_images_may_be_numbers_and_have_spaces(tmp_path: Path) -> None:
    names = ["1 2 3.png", "12.png", "4 5.png"]
    file = write_model(tmp_path, "sparse/0", *names, write=write_text) / "images.txt"
    assert sorted(found(tmp_path)[0]) == sorted(names)
    file.write_text(file.read_text().replace("12.png", "12"))
    assert sorted(found(tmp_path)[0]) == sorted(names)


@pytest.mark.parametrize("place", ["sparse", "colmap/sparse", "."])
def test_the_largest_of_several_models_is_used_and_the_rest_is_named(tmp_path: Path, place: str) -> None:
    write_model(tmp_path, f"{place}/0", "e.png", "f.png")
    write_model(tmp_path, f"{place}/1", *NAMES)
    write_model(tmp_path, f"{place}/2", "a.png", "e.png", "f.png")
    names, notes = found(tmp_path)
    assert names == NAMES
    assert "contains 3 COLMAP models; the largest, 1, with 4 photos is used" in notes
    assert "no poses in" in notes and notes.endswith("not used: e.png, f.png.")
    assert found(tmp_path, f"{place}/0")[0] == ["e.png", "f.png"], "unless another one is named"


def test_a_damaged_model_is_not_the_largest(tmp_path: Path) -> None:
    write_model(tmp_path, "sparse/0", *NAMES)
    write_model(tmp_path, "sparse/1", "e.png", "f.png")
    (tmp_path / "sparse/0/images.bin").write_bytes(struct.pack("<Q", 99))
    names, notes = found(tmp_path)
    assert names == ["e.png", "f.png"] and "a.png, b.png, c.png, d.png" in notes


BAD_POSES = {
    "nan": [float("nan")] * 7,
    "nan translation": [1.0, 0, 0, 0, float("nan"), 0, 0],
    "infinite": [1.0, 0, 0, 0, 0, float("inf"), 0],
    "far": [1.0, 0, 0, 0, 0, 1e200, 0],
    "no rotation": [0.0] * 7,
}


@pytest.mark.parametrize("write", [write_binary, write_text])
@pytest.mark.parametrize("case", BAD_POSES)
def test_a_pose_that_makes_no_sense_costs_its_photo(tmp_path: Path, case: str, write) -> None:
    model = write_model(tmp_path, "sparse/0", *NAMES)
    images = rows(*NAMES)
    images[1] = (2, BAD_POSES[case], 1, "b.png", [])
    shutil.rmtree(model)
    model.mkdir()
    write(model, [LENS], images, [])
    names, notes = found(tmp_path)
    assert names == ["a.png", "c.png", "d.png"] and "left out: b.png." in notes and "no poses" not in notes


@pytest.mark.parametrize("nan", ["nan", "-nan", "NaN", "-nan(ind)", "1.#QNAN", "-1.#IND"])
def test_not_a_number_as_each_compiler_writes_it(tmp_path: Path, nan: str) -> None:
    file = write_model(tmp_path, "sparse/0", *NAMES, write=write_text) / "images.txt"
    lines = file.read_text().splitlines()
    lines[3] = f"2 {nan} {nan} {nan} {nan} {nan} {nan} {nan} 1 b.png"
    file.write_text("\n".join(lines))
    names, notes = found(tmp_path)
    assert names == ["a.png", "c.png", "d.png"] and "left out: b.png." in notes


def test_a_quaternion_need_not_have_length_one(tmp_path: Path) -> None:
    model = write_model(tmp_path, "sparse/0", *NAMES)
    expected = [photo.c2w.tolist() for photo in find_photos(tmp_path)]
    for scale in (1e-200, 3.0, 1e200):
        scaled = [(number, [scale, 0, 0, 0, *pose[4:]], *rest) for number, pose, *rest in rows(*NAMES)]
        write_binary(model, [LENS], scaled, [])
        assert [photo.c2w.tolist() for photo in find_photos(tmp_path)] == expected


def test_a_camera_with_the_wrong_number_of_parameters(tmp_path: Path) -> None:
    file = write_model(tmp_path, "sparse/0", *NAMES, write=write_text) / "cameras.txt"
    for values, count in (("9", 1), ("9 9 8 6 0 0", 6)):
        file.write_text(f"1 PINHOLE 16 12 {values}\n")
        with pytest.raises(TttlrmError, match=f"camera of the model .* with {count} parameters instead of 4"):
            find_photos(tmp_path)


def test_photos_without_a_pose_are_named(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    assert found(tmp_path)[1] == ""
    for name in ("images/new.png", "images/other.jpg", "beside.png"):
        write_photo(tmp_path / name)
    shutil.copytree(tmp_path / "images", tmp_path / "images_2")
    shutil.copytree(tmp_path / "images", tmp_path / "masks")
    assert found(tmp_path)[1].endswith("not used: beside.png, images/new.png, images/other.jpg.")
    for number in range(20):
        write_photo(tmp_path / f"images/more_{number:02}.png")
    assert "and 13 others." in found(tmp_path)[1]


def test_the_test_photos_of_a_data_set_are_not_named_as_unposed(tmp_path: Path) -> None:
    write_synthetic(tmp_path)
    for part in ("train", "test"):
        content = json.loads((tmp_path / f"transforms_{part}.json").read_text())
        for frame in content["frames"]:
            name = Path(frame["file_path"]).name
            (tmp_path / "images").mkdir(exist_ok=True)
            (tmp_path / part / f"{name}.png").rename(tmp_path / f"images/{part}_{name}.png")
            frame["file_path"] = f"images/{part}_{name}"
        (tmp_path / f"transforms_{part}.json").write_text(json.dumps(content))
    assert found(tmp_path)[1] == "" and len(find_test_photos(tmp_path)) == 3


def test_of_two_poses_of_one_photo_the_first_is_used(tmp_path: Path) -> None:
    content = write_transforms(tmp_path)
    content["frames"].append({**content["frames"][0], "file_path": "./images/1.png"})
    (tmp_path / "transforms.json").write_text(json.dumps(content))
    names, notes = found(tmp_path)
    assert len(names) == 3 and "more than once" in notes and "images/1.png" in notes


def test_known_photos_do_not_hide_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos that were added beside posed ones have no poses: all are estimated together, and nothing is said of them."""
    write_transforms(tmp_path)
    write_photo(tmp_path / "images/new.png")

    def estimated(folder: Path, report: Notes, looks: object) -> list[Photo]:
        raise TttlrmError("They are estimated.")

    monkeypatch.setattr("tttlrm_blender.poses.find._estimated", estimated)
    known = [f"images/{index}.png" for index in range(3)]
    notes = Notes()
    with pytest.raises(TttlrmError, match="estimated"):
        find_photos(tmp_path, report=notes, known=known)
    assert notes.notes == []
    assert len(find_photos(tmp_path, known=known[:2])) == len(find_photos(tmp_path, "transforms.json", known=known)) == 3


def masked(folder: Path, *names: str) -> tuple[list[str], str]:
    """The masks of a set whose frames name some, as paths below it."""
    content = write_transforms(folder)
    for frame, name in zip(content["frames"], names, strict=True):
        frame["mask_path"] = name
    (folder / "transforms.json").write_text(json.dumps(content))
    notes = Notes()
    photos = find_photos(folder, report=notes)
    return [photo.mask.relative_to(folder).as_posix() if photo.mask else "" for photo in photos], "\n".join(notes.notes)


def write_masks(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 12), 255).save(folder / name)


MASKS = [f"cut/{index}.png" for index in range(3)]


@pytest.mark.parametrize(
    "form", ["cut/{}.png", r".\cut\{}.png", "CUT/{}.PNG", "cut/{}", "/home/me/set/cut/{}.png", r"D:\set\cut\{}.png"]
)
def test_masks_are_found_however_they_are_named(tmp_path: Path, form: str) -> None:
    write_masks(tmp_path, *MASKS)
    assert masked(tmp_path, *(form.format(index) for index in range(3))) == (MASKS, "")


def test_masks_of_kinds_that_are_not_read_are_told(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    write_photo(tmp_path / "masks/0.gif")
    (tmp_path / "masks/1.png").mkdir()
    (tmp_path / "masks/._2.png").touch()
    assert found(tmp_path)[1] == "Images of these kinds are not read: 1 .gif."


def test_damaged_test_poses_do_not_matter_for_training(tmp_path: Path) -> None:
    write_synthetic(tmp_path)
    (tmp_path / "transforms_test.json").write_text("{}")
    assert len(found(tmp_path)[0]) > 1
    with pytest.raises(TttlrmError, match="has no list of frames"):
        find_test_photos(tmp_path)


def test_a_model_without_images_is_not_taken_for_none(tmp_path: Path) -> None:
    write_model(tmp_path, "sparse/0")
    with pytest.raises(TttlrmError, match="has no cameras"):
        find_photos(tmp_path)


def test_missing_masks_are_named(tmp_path: Path) -> None:
    write_masks(tmp_path, *MASKS[:1])
    masks, notes = masked(tmp_path, *MASKS)
    assert masks == [MASKS[0], "", ""] and "masks that do not exist" in notes and notes.endswith("cut/1.png, cut/2.png.")


def test_a_photo_is_not_its_own_mask(tmp_path: Path) -> None:
    masks, notes = masked(tmp_path, *(f"elsewhere/{index}.png" for index in range(3)))
    assert masks == ["", "", ""] and "masks that do not exist" in notes


def test_masks_in_their_usual_place_stand_in_for_missing_ones(tmp_path: Path) -> None:
    write_masks(tmp_path, *(f"masks/{index}.png" for index in range(3)))
    masks, notes = masked(tmp_path, "gone/0.png", "gone/1.png", "")
    assert masks == [f"masks/{index}.png" for index in range(3)] and notes == ""


def test_masks_of_no_photo_are_named(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    write_masks(tmp_path, "masks/0.png", "masks/1.png.png", "masks/x/2.JPG", "masks/mask_0.png", "masks/x/3.png")
    notes = Notes()
    photos = find_photos(tmp_path, report=notes)
    assert [photo.mask is not None for photo in photos] == [True, True, False]
    assert notes.notes == ["These masks have the name of no photo and are not used: masks/mask_0.png, masks/x/3.png."]
