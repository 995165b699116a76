# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos with an EXIF orientation are read as their pose file means them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.images import TURNS, TURNS_BACK, image_size
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sfm_process import write_images
from tttlrm_blender.poses.turns import is_upright
from tttlrm_blender.progress import Report

from ..photos.files import Notes, write_transforms
from .turned import SHAPES, exif_with, picture, pose, write_json, write_model, write_opencv, write_photos, write_ply, write_turned

ALL = range(1, 9)
WITHOUT_MEANING = ["6", "up", 0, 9, 90, 65535]
HABITS = {"colmap": True, "json": False, "opencv": False}  # whether a program works on photos as stored


def write_poses(folder: Path, source: str, size: tuple[int, int], points: bool = False) -> None:
    if source == "colmap":
        write_model(folder, size, points)
    else:
        (write_json if source == "json" else write_opencv)(folder, size)


def check(folder: Path, pictures: list[np.ndarray], guessed: bool = False) -> None:
    """Pixels, intrinsics and poses are those of the same photos without an orientation, and a note tells of a guess."""
    notes = Notes()
    photos = find_photos(folder, report=notes)
    assert ["may be for upright photos or for photos as stored; 3 of them, such as 0.png" in note for note in notes.notes] == (
        [True] if guessed else []
    )
    loaded = load_photos(photos)
    np.testing.assert_allclose(loaded.images, np.array(pictures) / 255, atol=1e-6)
    height, width, _ = pictures[0].shape
    for index, photo in enumerate(photos):
        np.testing.assert_allclose(photo.c2w, pose(index), atol=1e-9)
        np.testing.assert_allclose(photo.intrinsics, [40, 40, width / 2, height / 2])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("source", HABITS)
@pytest.mark.parametrize("orientation", ALL)
def test_the_source_of_the_poses_decides(tmp_path: Path, source: str, shape: str, orientation: int) -> None:
    pictures = write_photos(tmp_path, SHAPES[shape], orientation, as_stored=HABITS[source])
    write_poses(tmp_path, source, SHAPES[shape])
    check(tmp_path, pictures, guessed=orientation != 1 and (shape == "square" or orientation < 5))


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
@pytest.mark.parametrize("source", HABITS)
@pytest.mark.parametrize("orientation", range(5, 9))
def test_a_size_that_fits_one_way_decides_against_habit(tmp_path: Path, source: str, shape: str, orientation: int) -> None:
    """opencv_cameras.json gives no size here, but the middle of the image."""
    pictures = write_photos(tmp_path, SHAPES[shape], orientation, as_stored=not HABITS[source])
    write_poses(tmp_path, source, SHAPES[shape])
    check(tmp_path, pictures)


@pytest.mark.parametrize("as_stored", [True, False])
@pytest.mark.parametrize(("shape", "orientation"), [*(("landscape", o) for o in (2, 3, 4)), *(("square", o) for o in ALL)])
def test_points_decide_where_both_ways_fit(tmp_path: Path, shape: str, orientation: int, as_stored: bool) -> None:
    pictures = write_photos(tmp_path, SHAPES[shape], orientation, as_stored)
    write_model(tmp_path, SHAPES[shape], points=True)
    check(tmp_path, pictures)


@pytest.mark.parametrize("as_stored", [True, False])
@pytest.mark.parametrize(("shape", "orientation"), [("landscape", 3), ("square", 6), ("square", 8)])
def test_points_of_nerfstudio_decide_too(tmp_path: Path, shape: str, orientation: int, as_stored: bool) -> None:
    pictures = write_photos(tmp_path, SHAPES[shape], orientation, as_stored)
    write_json(tmp_path, SHAPES[shape], ply_file_path=write_ply(tmp_path / "sparse_pc.ply").name)
    check(tmp_path, pictures)


def test_points_of_nerfstudio_that_have_moved_decide(tmp_path: Path) -> None:
    pictures = write_photos(tmp_path, SHAPES["square"], 6, as_stored=True)
    write_ply(tmp_path / "sparse_pc.ply")
    write_json(tmp_path, SHAPES["square"], ply_file_path=r"C:\scans\sparse_pc.ply")
    check(tmp_path, pictures)


@pytest.mark.parametrize("file", ["no.ply", "broken.ply", "empty.ply", "", 3, None])
def test_points_that_cannot_be_read_decide_nothing(tmp_path: Path, file: object) -> None:
    pictures = write_photos(tmp_path, SHAPES["square"], 6, as_stored=False)
    (tmp_path / "broken.ply").write_text(write_ply(tmp_path / "sparse_pc.ply").read_text()[:300])
    (tmp_path / "empty.ply").write_text("ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nend_header\n")
    write_json(tmp_path, SHAPES["square"], ply_file_path=file)
    check(tmp_path, pictures, guessed=True)


@pytest.mark.parametrize("source", HABITS)
@pytest.mark.parametrize("as_stored", [True, False])
def test_photos_that_fit_one_way_decide_for_the_others(tmp_path: Path, source: str, as_stored: bool) -> None:
    """Photo 0 lies on its head, photos 1 and 2 on their side."""
    pictures = write_photos(tmp_path, SHAPES["portrait"], 6, as_stored)
    write_turned(tmp_path / "0.png", pictures[0], 3, as_stored)
    write_poses(tmp_path, source, SHAPES["portrait"])
    check(tmp_path, pictures)


def test_masks_of_photos_as_stored_are_turned_for_estimation(tmp_path: Path) -> None:
    """Poses are estimated of upright photos."""
    for index, image in enumerate(write_photos(tmp_path / "images", SHAPES["portrait"], 6, as_stored=False, count=2)):
        mask = Image.fromarray(image.max(2) // 128 * 255)
        (tmp_path / "masks").mkdir(exist_ok=True)
        (mask.transpose(TURNS_BACK[6]) if index else mask).save(tmp_path / f"masks/{index}.png")
    files = [(tmp_path / f"images/{index}.png", True) for index in range(2)]
    names = write_images(tmp_path / "work", files, [0, 0], 100, Report())
    for index, name in enumerate(names):
        written = np.asarray(Image.open(tmp_path / "work/masks" / f"{name}.png"))
        np.testing.assert_array_equal(written, picture(index, SHAPES["portrait"]).max(2) // 128 * 255)


def test_damaged_points_decide_nothing(tmp_path: Path) -> None:
    pictures = write_photos(tmp_path, SHAPES["square"], 6, as_stored=True)
    write_model(tmp_path, SHAPES["square"], points=True)
    (tmp_path / "sparse/0/points3D.bin").write_bytes(b"\1")
    check(tmp_path, pictures, guessed=True)


def test_broken_photos_have_no_say(tmp_path: Path) -> None:
    write_photos(tmp_path, SHAPES["square"], 6, as_stored=False)
    write_model(tmp_path, SHAPES["square"], points=True)
    for index in range(2):
        content = (tmp_path / f"{index}.png").read_bytes()
        (tmp_path / f"{index}.png").write_bytes(content[:-100])
    assert all(photo.upright for photo in find_photos(tmp_path))


def test_points_without_the_colors_of_any_photo_decide_nothing(tmp_path: Path) -> None:
    """Models without colors have black points."""
    pictures = write_photos(tmp_path, SHAPES["landscape"], 3, as_stored=True)
    write_model(tmp_path, SHAPES["landscape"], points=True)
    write_turned(tmp_path / "1.png", np.full_like(pictures[1], 128), 3, True)
    pictures[1] = np.full_like(pictures[1], 128)
    check(tmp_path, pictures)


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("orientation", sorted(TURNS))
def test_a_frame_can_say_which_way_it_means(tmp_path: Path, orientation: int, upright: bool) -> None:
    pictures = write_photos(tmp_path, SHAPES["square"], orientation, as_stored=not upright)
    write_json(tmp_path, SHAPES["square"])
    content = json.loads((tmp_path / "transforms.json").read_text())
    for frame in content["frames"]:
        frame["upright"] = upright
    (tmp_path / "transforms.json").write_text(json.dumps(content))
    check(tmp_path, pictures)


@pytest.mark.parametrize("orientation", WITHOUT_MEANING)
@pytest.mark.parametrize("source", HABITS)
def test_orientations_without_a_meaning_count_as_none(tmp_path: Path, source: str, orientation: object) -> None:
    pictures = write_photos(tmp_path, SHAPES["portrait"], orientation, as_stored=True)
    write_poses(tmp_path, source, SHAPES["portrait"])
    check(tmp_path, pictures)


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(st.integers(8, 300), st.integers(8, 300)),
    st.integers(1, 8),
    st.integers(1, 8),
    st.booleans(),
    st.booleans(),
)
def test_any_size_that_tells_is_understood(
    tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int], turn: int, factor: int, upright: bool, stored: bool
) -> None:
    """Poses may be for photos of a `factor` more pixels, of which the file has rounded ones."""
    path = tmp_path_factory.getbasetemp() / "turned.png"
    Image.new("L", size).save(path, exif=exif_with(turn))
    width, height = image_size(path, upright)
    sizes = {held: image_size(path, held) for held in (True, False)}
    told = (width * factor + factor // 3, height * factor - factor // 3)
    used = is_upright(Path("poses"), path.name, sizes, told, stored)
    if turn >= 5 and max(size) > 1.1 * min(size) + 2:
        assert used == upright
    else:
        near = np.array(image_size(path, used)) - (width, height)
        assert abs(near).max() <= 0.1 * max(size) + 2 and (turn >= 5 or used != stored)


@pytest.mark.parametrize("size", [(12, 16), (16, 16), (32, 18), (160, 90)])
def test_sizes_of_another_shape_are_both_named(tmp_path: Path, size: tuple[int, int]) -> None:
    write_transforms(tmp_path, w=size[0], h=size[1])
    which = rf"is for images of {size[0]}×{size[1]} pixels, but 0\.png has 16×12"
    with pytest.raises(TttlrmError, match=which) as caught:
        find_photos(tmp_path)
    assert caught.value.code == "bad_poses"


@pytest.mark.parametrize("size", [(1600, 1199), (1920, 1428), (24, 18), (8, 6)])
def test_sizes_of_nearly_the_same_shape_are_rounded_ones(tmp_path: Path, size: tuple[int, int]) -> None:
    write_transforms(tmp_path, w=size[0], h=size[1])
    assert {(photo.width, photo.height) for photo in find_photos(tmp_path)} == {(16, 12)}
