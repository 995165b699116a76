# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras for drawing are read from all that photos are posed by, and photos are posed by all files of cameras."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.poses.camera_files import read_cameras
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report

from ..photos.files import Notes, write_photo, write_transforms
from . import test_benchmarks, test_pose_files

FORMS: dict[str, tuple[Callable[[Path], object], str]] = {
    **test_pose_files.FORMS,
    **{form: (write, "") for form, (write, _, _) in test_benchmarks.FORMS.items()},
}


@pytest.mark.parametrize("form", FORMS)
def test_cameras_are_those_of_the_photos(tmp_path: Path, form: str) -> None:
    FORMS[form][0](tmp_path)
    photos = find_photos(tmp_path)
    names, cameras = read_cameras(tmp_path)
    assert len(names) == len(photos) == 3
    np.testing.assert_allclose(cameras.c2w, [photo.c2w for photo in photos], atol=1e-9)
    scale = cameras.sizes[:, :1] / [[photo.width] for photo in photos]
    np.testing.assert_allclose(cameras.intrinsics, [photo.intrinsics for photo in photos] * scale)


@pytest.mark.parametrize("form", ["transforms", "trained", "cameras.txt"])
def test_photos_are_not_needed_where_the_file_gives_their_size(tmp_path: Path, form: str) -> None:
    FORMS[form][0](tmp_path)
    for image in tmp_path.rglob("*.png"):
        image.unlink()
    assert read_cameras(tmp_path)[1].sizes.tolist() == [[16, 12]] * 3


def test_without_sizes_and_photos_there_are_no_cameras(tmp_path: Path) -> None:
    write_transforms(tmp_path, w=None, h=None)
    assert read_cameras(tmp_path / "transforms.json")[1].sizes.tolist() == [[16, 12]] * 3
    for image in tmp_path.rglob("*.png"):
        image.unlink()
    with pytest.raises(TttlrmError, match="does not give the size of the images"):
        read_cameras(tmp_path / "transforms.json")


def test_our_own_cameras_pose_photos(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    photos = find_photos(tmp_path)
    test_pose_files.write_own(tmp_path)
    again = find_photos(tmp_path, "cameras.json")
    np.testing.assert_allclose([photo.c2w for photo in again], [photo.c2w for photo in photos], atol=1e-12)
    assert [photo.name for photo in again] == read_cameras(tmp_path / "cameras.json")[0]


def test_only_a_cameras_json_of_gaussian_splatting_is_taken_without_being_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours holds pinhole cameras of cropped photos, and others anything."""

    def estimate(*arguments: object) -> Path:
        raise TttlrmError("They are estimated.")

    monkeypatch.setattr("tttlrm_blender.poses.find.estimate_poses", estimate)
    test_pose_files.write_trained(tmp_path)
    assert len(find_photos(tmp_path)) == 3
    for content in ({"c2w": []}, [1], {}, "x"):
        (tmp_path / "cameras.json").write_text(json.dumps(content))
        with pytest.raises(TttlrmError, match="estimated"):
            find_photos(tmp_path)
    (tmp_path / "cameras.json").write_text("no JSON")
    with pytest.raises(TttlrmError, match="estimated"):
        find_photos(tmp_path)


def test_a_camera_that_makes_no_sense_is_left_out_by_name(tmp_path: Path) -> None:
    test_pose_files.write_own(tmp_path)
    content = json.loads((tmp_path / "cameras.json").read_text())
    content["c2w"][1] = [[float("nan")] * 4] * 4
    (tmp_path / "cameras.json").write_text(json.dumps(content))
    notes = Notes()
    assert read_cameras(tmp_path / "cameras.json", notes)[0] == ["images/0.png", "images/2.png"]
    assert len(notes.notes) == 1 and "left out: images/1.png" in notes.notes[0]


def test_frames_without_names_are_counted(tmp_path: Path) -> None:
    content = write_transforms(tmp_path)
    for frame in content["frames"]:
        del frame["file_path"]
    (tmp_path / "transforms.json").write_text(json.dumps(content))
    assert read_cameras(tmp_path)[0] == ["0000", "0001", "0002"]


def test_nothing_is_no_file_of_cameras(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png")
    for path, words in ((tmp_path, "holds no poses"), (tmp_path / "nowhere.json", "does not exist")):
        with pytest.raises(TttlrmError, match=words) as caught:
            read_cameras(path, Report())
        assert caught.value.code == "bad_poses"


def test_poses_in_another_form_are_told_by_number(tmp_path: Path) -> None:
    row = {"rotation": [1, 0, 0, 0], "position": [0, 0, 0], "width": 16, "height": 12, "fx": 20, "fy": 20}
    (tmp_path / "cameras.json").write_text(json.dumps([row, row]))
    with pytest.raises(TttlrmError, match="a pose of 0000 that is not a 4×4 matrix"):
        read_cameras(tmp_path / "cameras.json")
