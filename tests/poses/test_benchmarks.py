# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders in the formats of published benchmarks become photos with cameras: a small one of each, and broken ones."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.poses.find import find_photos, find_test_photos

from ..photos.files import Notes, poses, write_photo, write_transforms

COUNT = 3
OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def text(matrix: np.ndarray, separator: str = "\n") -> str:
    return separator.join(" ".join(f"{value:.12f}" for value in row) for row in matrix)


def write_dl3dv(folder: Path) -> None:
    """Cameras of full-size images, of which only copies at a quarter of the size exist."""
    write_transforms(folder, w=64, h=48, fl_x=80.0, fl_y=84.0, cx=30.0, cy=26.0, camera_model="OPENCV")
    (folder / "images").rename(folder / "images_4")


def write_scannet(folder: Path) -> None:
    camera = np.eye(4)
    camera[:2, :3] = [[20, 0, 7.5], [0, 21, 6.5]]
    for name in ("pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    (folder / "intrinsic/intrinsic_color.txt").write_text(text(camera))
    for index, pose in enumerate(poses(COUNT)):
        write_photo(folder / f"color/{index}.jpg", seed=index)
        (folder / f"pose/{index}.txt").write_text(text(pose))


def write_shapenet(folder: Path) -> None:
    """The intrinsics are for images of twice the size."""
    (folder / "pose").mkdir(parents=True)
    (folder / "intrinsics.txt").write_text("40.0 15.0 13.0 0.\n0. 0. 0.\n1.\n24 32\n\n")
    for index, pose in enumerate(poses(COUNT)):
        write_photo(folder / f"rgb/{index:06}.png", seed=index)
        (folder / f"pose/{index:06}.txt").write_text(text(pose, " "))


def write_synthetic(folder: Path) -> None:
    for part, seed in (("train", 0), ("test", 1)):
        frames = []
        for index, pose in enumerate(poses(COUNT, seed)):
            write_transparent(folder / f"{part}/r_{index}.png")
            frames.append({"file_path": f"./{part}/r_{index}", "transform_matrix": (pose @ OPENGL).tolist()})
        content = {"camera_angle_x": 2 * math.atan(16 / 2 / 20), "frames": frames}
        (folder / f"transforms_{part}.json").write_text(json.dumps(content))


def write_numbered(folder: Path) -> None:
    for index, pose in enumerate(poses(COUNT)):
        write_transparent(folder / f"{index:03}.png")
        np.save(folder / f"{index:03}.npy", np.linalg.inv(pose @ OPENGL)[:3])


def write_transparent(path: Path) -> None:
    """An image with nothing in its left half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((12, 16, 4), (200, 100, 0, 255), np.uint8)
    pixels[:, :8] = 0
    Image.fromarray(pixels).save(path)


FORMS: dict[str, tuple[Callable[[Path], None], str, list[float]]] = {
    "DL3DV": (write_dl3dv, "images_4/{}.png", [20, 21, 7.5, 6.5]),
    "ScanNet": (write_scannet, "color/{}.jpg", [20, 21, 7.5, 6.5]),
    "ShapeNet": (write_shapenet, "rgb/{:06}.png", [20, 20, 7.5, 6.5]),
    "NeRF-synthetic": (write_synthetic, "train/r_{}.png", [20, 20, 8, 6]),
    "numbered": (write_numbered, "{:03}.png", [17.5, 17.5, 8, 6]),
}


@pytest.mark.parametrize("form", FORMS)
def test_names_poses_and_intrinsics_come_back(tmp_path: Path, form: str) -> None:
    write, name, intrinsics = FORMS[form]
    write(tmp_path)
    check(find_photos(tmp_path), name, intrinsics)


def check(photos: list[Photo], name: str, intrinsics: list[float]) -> None:
    assert [photo.name for photo in photos] == [name.format(index) for index in range(COUNT)]
    np.testing.assert_allclose([photo.c2w for photo in photos], poses(COUNT), atol=1e-9)
    np.testing.assert_allclose([photo.intrinsics for photo in photos], [intrinsics] * COUNT)


def test_dl3dv_in_its_folder_for_nerfstudio(tmp_path: Path) -> None:
    write_dl3dv(tmp_path / "nerfstudio")
    check(find_photos(tmp_path), "nerfstudio/images_4/{}.png", [20, 21, 7.5, 6.5])


def test_full_size_images_take_precedence_over_smaller_ones(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    write_photo(tmp_path / "images_2/0.png", 8, 6)
    assert [photo.width for photo in find_photos(tmp_path)] == [16, 16, 16]


@pytest.mark.parametrize("name", ["intrinsics.txt", "intrinsic_color.txt"])
def test_scannet_with_intrinsics_beside_its_folders(tmp_path: Path, name: str) -> None:
    write_scannet(tmp_path)
    (tmp_path / "intrinsic/intrinsic_color.txt").unlink()
    (tmp_path / name).write_text("20 0 7.5\n0 21 6.5\n0 0 1\n")
    check(find_photos(tmp_path), "color/{}.jpg", [20, 21, 7.5, 6.5])


def test_lost_frames_are_noted_and_left_out(tmp_path: Path) -> None:
    write_scannet(tmp_path)
    (tmp_path / "pose/1.txt").write_text("-inf -inf -inf -inf\n" * 4)
    notes = Notes()
    assert [photo.name for photo in find_photos(tmp_path, report=notes)] == ["color/0.jpg", "color/2.jpg"]
    assert len(notes.notes) == 1 and "left out: color/1.jpg. " in notes.notes[0] and "finite numbers" in notes.notes[0]
    (tmp_path / "pose/0.txt").write_text("inf inf inf inf\n" * 4)
    with pytest.raises(TttlrmError, match="finite numbers"):
        find_photos(tmp_path)


def test_the_test_photos_of_a_data_set(tmp_path: Path) -> None:
    write_synthetic(tmp_path)
    apart = find_test_photos(tmp_path)
    assert [photo.name for photo in apart] == [f"test/r_{index}.png" for index in range(COUNT)]
    np.testing.assert_allclose([photo.c2w for photo in apart], poses(COUNT, 1), atol=1e-9)
    assert find_test_photos(tmp_path, "transforms_train.json") == []
    (tmp_path / "transforms_test.json").unlink()
    assert find_test_photos(tmp_path) == []


def test_most_data_sets_define_no_test_photos(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    (tmp_path / "transforms_test.json").write_bytes((tmp_path / "transforms.json").read_bytes())
    assert find_test_photos(tmp_path) == []


@pytest.mark.parametrize("write", [write_synthetic, write_numbered])
def test_transparency_is_laid_on_white(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path)
    loaded = load_photos(find_photos(tmp_path))
    assert (loaded.images[:, :, :8] == 1).all() and (loaded.images[:, :, 8:, 2] == 0).all()


def test_intrinsics_without_poses_are_ignored(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    (tmp_path / "intrinsics.txt").write_text("20 0 7.5\n0 21 6.5\n0 0 1\n")
    with pytest.raises(TttlrmError, match=r"intrinsics\.txt holds no poses of a kind that is read"):
        find_photos(tmp_path, "intrinsics.txt")


def test_missing_images_are_noted(tmp_path: Path) -> None:
    write_shapenet(tmp_path)
    (tmp_path / "rgb/000001.png").unlink()
    notes = Notes()
    assert len(find_photos(tmp_path, report=notes)) == 2
    assert "names the image 'rgb/000001', which does not exist" in notes.notes[0]


ONE = ("few numbers", "words", "mirrored", "not finite", "no array", "flat array")
BROKEN: dict[str, tuple[Callable[[Path], None], str, str | bytes, str]] = {
    "few numbers": (write_scannet, "pose/1.txt", "1 0 0 0", r"1\.txt has 4 numbers instead of the 16"),
    "words": (write_shapenet, "pose/000001.txt", "one two", r"000001\.txt is damaged or"),
    "mirrored": (write_shapenet, "pose/000001.txt", text(np.diag([1.0, 1, -1, 1])), r"000001\.txt has a pose .* mirrored"),
    "not finite": (write_shapenet, "pose/000001.txt", "nan " * 16, "finite numbers"),
    "matrix": (write_scannet, "intrinsic/intrinsic_color.txt", "1 2 3", "has 3 numbers instead of a 4×4 or 3×3"),
    "other size": (
        write_scannet,
        "intrinsic/intrinsic_color.txt",
        "20 0 75 0 21 65 0 0 1",
        r"different size than those of 16×12",
    ),
    "no focal": (write_scannet, "intrinsic/intrinsic_color.txt", "0 0 7 0 0 6 0 0 1", "no usable focal length"),
    "empty": (write_shapenet, "intrinsics.txt", "", "does not begin with focal length and center"),
    "no size": (write_shapenet, "intrinsics.txt", "40 15 13 0\n0 0 0\n1\n", "end with height and width"),
    "endless": (write_shapenet, "intrinsics.txt", "40 15 13 0\n1\ninf inf", "end with height and width"),
    "no array": (write_numbered, "001.npy", b"nonsense", r"001\.npy is damaged or"),
    "flat array": (write_numbered, "001.npy", b"", r"001\.npy is damaged or"),
    "half a test": (write_synthetic, "transforms_train.json", "{", r"transforms_train\.json is not valid JSON"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_named(tmp_path: Path, case: str) -> None:
    """Where it is the pose of one photo, in a note; otherwise in an error."""
    write, name, content, message = BROKEN[case]
    write(tmp_path)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    notes = Notes()
    if case in ONE:
        assert len(find_photos(tmp_path, report=notes)) == COUNT - 1
        assert len(notes.notes) == 1 and re.search(message, notes.notes[0]) and str(tmp_path) in notes.notes[0]
        return
    with pytest.raises(TttlrmError, match=message) as caught:
        find_photos(tmp_path)
    assert caught.value.code == "bad_poses" and str(tmp_path) in caught.value.sentence


@pytest.mark.parametrize("array", [np.zeros((3, 4)), np.eye(3), np.full((3, 4), np.nan), np.array(["a"]), np.array([{}])])
def test_an_impossible_array_is_named(tmp_path: Path, array: np.ndarray) -> None:
    write_numbered(tmp_path)
    np.save(tmp_path / "001.npy", array)
    notes = Notes()
    assert len(find_photos(tmp_path, report=notes)) == COUNT - 1
    assert re.search(r"001\.npy (is not an invertible|is damaged)", notes.notes[0])
