# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose files become photos with cameras, and broken ones a clear error."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.distortion import Distortion
from tttlrm_blender.poses.find import find_photos

from ..photos.files import Notes, poses, write_photo, write_transforms


def change_frame(folder: Path, index: int, **changes) -> None:
    content = json.loads((folder / "transforms.json").read_text())
    content["frames"][index].update(changes)
    (folder / "transforms.json").write_text(json.dumps(content))


def test_transforms(tmp_path: Path) -> None:
    write_transforms(tmp_path, k1=0.1, k2=-0.02, p1=0.003, p2=0.004)
    photos = find_photos(tmp_path)
    assert [photo.name for photo in photos] == ["images/0.png", "images/1.png", "images/2.png"]
    for photo, pose in zip(photos, poses(3), strict=True):
        np.testing.assert_allclose(photo.c2w, pose, atol=1e-12)
        np.testing.assert_allclose(photo.intrinsics, [20, 21, 7.5, 6.5])
        np.testing.assert_allclose(photo.distortion.values, [0.1, -0.02, 0.003, 0.004])
        assert (photo.width, photo.height) == (16, 12)


@pytest.mark.parametrize(
    ("changes", "distortion"),
    [
        ({"camera_model": "OPENCV_FISHEYE", "k3": 0.01, "k4": 0.02}, Distortion("OPENCV_FISHEYE", (0.1, -0.02, 0.01, 0.02))),
        ({"is_fisheye": True}, Distortion("OPENCV_FISHEYE", (0.1, -0.02, 0, 0))),
        ({"k3": 0.01}, Distortion("FULL_OPENCV", (0.1, -0.02, 0, 0, 0.01, 0, 0, 0))),
    ],
)
def test_lenses_of_transforms(tmp_path: Path, changes: dict, distortion: Distortion) -> None:
    write_transforms(tmp_path, k1=0.1, k2=-0.02, **changes)
    assert {photo.distortion for photo in find_photos(tmp_path)} == {distortion}


@pytest.mark.parametrize("changes", [{"ftheta_p0": 0.0}, {"latlong": True}, {"camera_model": "EQUIRECTANGULAR"}])
def test_other_lenses_are_named(tmp_path: Path, changes: dict) -> None:
    write_transforms(tmp_path, **changes)
    with pytest.raises(TttlrmError, match=r"a lens that is not supported \((ftheta_p0|latlong|EQUIRECTANGULAR)\)"):
        find_photos(tmp_path)


def test_null_stands_for_nothing(tmp_path: Path) -> None:
    content = write_transforms(tmp_path)
    content |= {"k1": None, "cx": None, "camera_angle_x": None}
    content["frames"][1] |= {"fl_x": None, "mask_path": None}
    (tmp_path / "transforms.json").write_text(json.dumps(content))
    for photo in find_photos(tmp_path):
        np.testing.assert_allclose(photo.intrinsics, [20, 21, 8, 6.5])


def test_values_of_another_type_are_told_as_the_file_spells_them(tmp_path: Path) -> None:
    write_transforms(tmp_path, w=True, h="12")
    with pytest.raises(TttlrmError, match="has true instead of the number w"):
        find_photos(tmp_path)


def test_frame_values_override_shared_ones(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    change_frame(tmp_path, 1, fl_x=30.0, k1=0.2)
    photos = find_photos(tmp_path)
    assert [photo.intrinsics[0] for photo in photos] == [20, 30, 20]
    assert [photo.distortion.values[0] for photo in photos] == [0, 0.2, 0]


def test_field_of_view_and_missing_suffixes(tmp_path: Path) -> None:
    content = write_transforms(tmp_path, fl_x=None, fl_y=None, cx=None, cy=None, w=None, h=None, camera_angle_x=math.pi / 2)
    for index, frame in enumerate(content["frames"]):
        frame["file_path"] = f"./images/{index}"
    (tmp_path / "transforms.json").unlink()
    (tmp_path / "transforms_train.json").write_text(json.dumps(content))
    for photo in find_photos(tmp_path):
        np.testing.assert_allclose(photo.intrinsics, [8, 8, 8, 6])


def test_intrinsics_of_another_resolution(tmp_path: Path) -> None:
    write_transforms(tmp_path, w=32, h=24, fl_x=40.0, fl_y=42.0, cx=15.0, cy=13.0)
    np.testing.assert_allclose(find_photos(tmp_path)[0].intrinsics, [20, 21, 7.5, 6.5])


def test_scale_in_a_pose_is_removed(tmp_path: Path) -> None:
    content = write_transforms(tmp_path)
    scaled = np.array(content["frames"][0]["transform_matrix"]) @ np.diag([2.0, 2, 2, 1])
    change_frame(tmp_path, 0, transform_matrix=scaled.tolist())
    np.testing.assert_allclose(find_photos(tmp_path)[0].c2w, poses(1)[0], atol=1e-12)


@pytest.mark.parametrize(("width", "height", "upright"), [(12, 16, True), (16, 12, False)])
def test_the_size_shows_whether_poses_are_for_the_upright_image(tmp_path: Path, width: int, height: int, upright: bool) -> None:
    write_transforms(tmp_path, w=width, h=height)
    exif = Image.Exif()
    exif[0x0112] = 6
    for index in range(3):
        Image.new("RGB", (16, 12)).save(tmp_path / f"images/{index}.png", exif=exif)
    photo = find_photos(tmp_path)[0]
    assert (photo.width, photo.height, photo.upright) == (width, height, upright)


def test_opencv_cameras(tmp_path: Path) -> None:
    frames = []
    for index, pose in enumerate(poses(2)):
        write_photo(tmp_path / f"{index}.png")
        intrinsics = {"fx": 20.0, "fy": 21.0, "cx": 7.0, "cy": 6.0}
        frames.append({"file_path": f"{index}.png", "w2c": np.linalg.inv(pose).tolist(), **intrinsics})
    frames[1] |= {"w": 32, "h": 24}
    (tmp_path / "opencv_cameras.json").write_text(json.dumps({"frames": frames}))
    photos = find_photos(tmp_path)
    np.testing.assert_allclose([photo.c2w for photo in photos], poses(2), atol=1e-12)
    np.testing.assert_allclose([photo.intrinsics for photo in photos], [[20, 21, 7, 6], [10, 10.5, 3.5, 3]])


def test_poses_elsewhere(tmp_path: Path) -> None:
    write_transforms(tmp_path / "photos")
    (tmp_path / "photos/transforms.json").rename(tmp_path / "cameras.json")
    assert len(find_photos(tmp_path / "photos", str(tmp_path / "cameras.json"))) == 3


def test_missing_images_are_noted_and_left_out(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    (tmp_path / "images/1.png").unlink()
    notes = Notes()
    assert [photo.name for photo in find_photos(tmp_path, report=notes)] == ["images/0.png", "images/2.png"]
    which = f"{tmp_path / 'transforms.json'} names the image 'images/1.png', which does not exist"
    assert notes.notes == [f"The pose file {which}; the other 2 photos are used."]


def test_too_many_missing_images(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    for index in (0, 1):
        (tmp_path / f"images/{index}.png").unlink()
    with pytest.raises(TttlrmError, match=r"transforms\.json names 2 images that do not exist, 'images/0\.png' among them"):
        find_photos(tmp_path)


BROKEN = {
    "nan": ({"transform_matrix": [[math.nan] * 4] * 4}, "finite numbers"),
    "flat": ({"transform_matrix": np.diag([1.0, 1, 0, 1]).tolist()}, "flat or mirrored"),
    "mirrored": ({"transform_matrix": np.diag([-1.0, 1, 1, 1]).tolist()}, "flat or mirrored"),
    "shape": ({"transform_matrix": [[1.0, 2], [3, 4]]}, "4×4"),
    "ragged": ({"transform_matrix": [[1.0, 2], [3]]}, "no matrix"),
    "focal": ({"fl_x": 0.0}, "focal length"),
    "text": ({"fl_x": "long"}, '"long" instead of the number fl_x'),
    "long number": ({"fl_x": 10**400}, "has 1(0){39} instead of the number fl_x"),
    "long number in a pose": ({"transform_matrix": [[10**400, 0, 0, 0]] * 3}, "no matrix"),
    "size": ({"w": 0}, "no usable image size"),
    "nan size": ({"h": math.nan}, "NaN instead of the number h"),
    "null": ({"transform_matrix": None}, "no matrix"),
    "panorama": ({"camera_model": "EQUIRECTANGULAR"}, "not supported"),
    "k4": ({"k4": 0.1}, "not supported"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_camera_that_makes_no_sense_costs_only_its_photo(tmp_path: Path, case: str) -> None:
    write_transforms(tmp_path)
    changes, message = BROKEN[case]
    change_frame(tmp_path, 1, **changes)
    notes = Notes()
    assert [photo.name for photo in find_photos(tmp_path, report=notes)] == ["images/0.png", "images/2.png"]
    assert len(notes.notes) == 1 and re.search(rf"left out: images/1\.png\. .*transforms\.json .*{message}", notes.notes[0])
    change_frame(tmp_path, 2, **changes)
    with pytest.raises(TttlrmError, match=message) as caught:
        find_photos(tmp_path)
    assert "transforms.json" in caught.value.sentence
    assert caught.value.code == "bad_poses"


def test_impossible_field_of_view(tmp_path: Path) -> None:
    write_transforms(tmp_path, fl_x=None, camera_angle_x=0)
    with pytest.raises(TttlrmError, match="field of view camera_angle_x of 0"):
        find_photos(tmp_path)


def test_no_focal_length(tmp_path: Path) -> None:
    write_transforms(tmp_path, fl_x=None, fl_y=None)
    with pytest.raises(TttlrmError, match="focal length"):
        find_photos(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"frames": []}', '{"frames": [1]}', "\x00"])
def test_unreadable_json(tmp_path: Path, content: str) -> None:
    (tmp_path / "transforms.json").write_text(content)
    with pytest.raises(TttlrmError, match=r"transforms\.json (is not valid JSON|has no list of frames)"):
        find_photos(tmp_path)


def test_singular_w2c(tmp_path: Path) -> None:
    write_photo(tmp_path / "0.png")
    write_photo(tmp_path / "1.png")
    frame = {"w2c": np.zeros((4, 4)).tolist(), "fx": 1.0, "fy": 1.0, "cx": 1.0, "cy": 1.0}
    frames = [{"file_path": f"{index}.png", **frame} for index in (0, 1)]
    (tmp_path / "opencv_cameras.json").write_text(json.dumps({"frames": frames}))
    with pytest.raises(TttlrmError, match=r"w2c of 0\.png that is not an invertible"):
        find_photos(tmp_path)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(TttlrmError, match="There are no photos in") as caught:
        find_photos(tmp_path)
    assert caught.value.code == "no_photos"


def test_one_photo(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png")
    with pytest.raises(TttlrmError, match="only one photo"):
        find_photos(tmp_path)


def test_one_photo_with_a_pose(tmp_path: Path) -> None:
    write_transforms(tmp_path, count=1)
    with pytest.raises(TttlrmError, match="only one photo"):
        find_photos(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TttlrmError, match="does not exist"):
        find_photos(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["cameras.xml", "poses.csv", "bundle.out", "poses_bounds.npy", "groundtruth.txt", "images"])
def test_poses_of_other_kinds_are_not_called_damaged(tmp_path: Path, name: str) -> None:
    write_transforms(tmp_path)
    (tmp_path / name).touch()
    with pytest.raises(TttlrmError, match=r"holds no poses of a kind that is read\. Give a transforms\.json") as caught:
        find_photos(tmp_path, name)
    assert name in str(caught.value)


def test_no_pose_file(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    with pytest.raises(TttlrmError, match=r"elsewhere\.json does not exist"):
        find_photos(tmp_path, "elsewhere.json")


def test_a_photo_without_a_readable_header_is_left_out_by_name(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    (tmp_path / "images/1.png").write_bytes(b"")
    notes = Notes()
    assert [photo.name for photo in find_photos(tmp_path, report=notes)] == ["images/0.png", "images/2.png"]
    assert len(notes.notes) == 1 and "1.png is not a readable image. It is left out." in notes.notes[0]
    (tmp_path / "images/2.png").write_bytes(b"")
    with pytest.raises(TttlrmError, match=r"1\.png is not a readable image") as caught:
        find_photos(tmp_path)
    assert caught.value.code == "bad_photo"
