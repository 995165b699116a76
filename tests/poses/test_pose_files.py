# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose files as other programs save them, and damaged ones: photos or a sentence, and never the words of an exception."""

import codecs
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.poses.camera_files import read_cameras
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.pose_files import bad_poses, reading

from ..photos.files import Notes, poses, write_photo, write_transforms
from .test_benchmarks import write_numbered, write_scannet, write_shapenet
from .test_colmap import write_binary, write_text

PYTHON = re.compile(
    r"unpack|zip\(\)|not supported between|object is not|has no attribute|list index|invalid literal|could not convert|codec|"
    r"Traceback|Error\b|NoneType|argument|buffer|pickle|array|expected|operand|must be|Singular|decode"
)
MODEL = (
    [(1, "PINHOLE", 16, 12, [9.0, 9.0, 8.0, 6.0])],
    [(index + 1, [1.0, 0, 0, 0, index, 0, 0], 1, f"{index}.png", [(1.0, 2.0, 3)]) for index in range(3)],
    [],
)


def write_model(write: Callable) -> Callable[[Path], None]:
    def model(folder: Path) -> None:
        for index in range(3):
            write_photo(folder / f"{index}.png", seed=index)
        (folder / "sparse/0").mkdir(parents=True)
        write(folder / "sparse/0", *MODEL)

    return model


def write_opencv(folder: Path) -> None:
    frames = []
    for index, pose in enumerate(poses(3)):
        write_photo(folder / f"{index}.png")
        lens = {"fx": 20.0, "fy": 21.0, "cx": 7.0, "cy": 6.0}
        frames.append({"file_path": f"{index}.png", "w2c": np.linalg.inv(pose).tolist(), **lens})
    (folder / "opencv_cameras.json").write_text(json.dumps({"frames": frames}))


def write_trained(folder: Path) -> None:
    """As 3D Gaussian splatting writes it."""
    rows = []
    for index, pose in enumerate(poses(3)):
        write_photo(folder / f"images/{index}.png", seed=index)
        row = {"id": index, "img_name": f"{index}", "width": 16, "height": 12, "position": pose[:3, 3].tolist()}
        rows.append({**row, "rotation": pose[:3, :3].tolist(), "fy": 21.0, "fx": 20.0})
    (folder / "cameras.json").write_text(json.dumps(rows))


FORMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "transforms": (write_transforms, "transforms.json"),
    "opencv": (write_opencv, "opencv_cameras.json"),
    "trained": (write_trained, "cameras.json"),
    "cameras.txt": (write_model(write_text), "sparse/0/cameras.txt"),
    "images.txt": (write_model(write_text), "sparse/0/images.txt"),
    "cameras.bin": (write_model(write_binary), "sparse/0/cameras.bin"),
    "images.bin": (write_model(write_binary), "sparse/0/images.bin"),
    "scannet": (write_scannet, "pose/1.txt"),
    "intrinsics": (write_scannet, "intrinsic/intrinsic_color.txt"),
    "shapenet": (write_shapenet, "intrinsics.txt"),
    "numbered": (write_numbered, "001.npy"),
}
TEXTS = [form for form, (_, name) in FORMS.items() if not name.endswith((".bin", ".npy"))]


def attempt(read: Callable[[], object], notes: Notes) -> object:
    """What a reader returns, or its error; neither that nor its notes may hold the words of Python or a library."""
    try:
        result = read()
    except TttlrmError as error:
        result = error
        notes.notes.append(str(error))
    assert not PYTHON.search(" ".join(notes.notes)), notes.notes
    return result


@pytest.mark.parametrize(
    "mark",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
    ids=["utf-8", "utf-16", "big-endian", "Windows"],
)
@pytest.mark.parametrize("form", TEXTS)
def test_text_is_read_as_other_programs_save_it(tmp_path: Path, form: str, mark: Callable[[str], bytes]) -> None:
    write, name = FORMS[form]
    write(tmp_path)
    before = [photo.c2w for photo in find_photos(tmp_path)]
    (tmp_path / name).write_bytes(mark((tmp_path / name).read_text()))
    np.testing.assert_equal([photo.c2w for photo in find_photos(tmp_path)], before)


def test_names_in_the_encoding_of_windows(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    (tmp_path / "images/1.png").rename(tmp_path / "images/ü.png")
    text = (tmp_path / "transforms.json").read_text().replace("images/1.png", "images/ü.png")
    (tmp_path / "transforms.json").write_bytes(text.encode("cp1252"))
    assert [photo.name for photo in find_photos(tmp_path)] == ["images/0.png", "images/2.png", "images/ü.png"]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_gives_photos_or_a_sentence(tmp_path: Path, form: str, data: st.DataObject) -> None:
    write, name = FORMS[form]
    if not (tmp_path / name).exists():
        write(tmp_path)
        (tmp_path / "whole").write_bytes((tmp_path / name).read_bytes())
    content = bytearray((tmp_path / "whole").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 12))
        content[at : at + cut] = data.draw(st.binary(max_size=12))
    (tmp_path / name).write_bytes(content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
    notes = Notes()
    photos = attempt(lambda: find_photos(tmp_path, name if form == "trained" else "auto", notes), notes)
    if isinstance(photos, list):
        assert all(isinstance(photo, Photo) and np.isfinite(photo.c2w).all() for photo in photos)
    attempt(lambda: read_cameras((tmp_path / name).parent if name.startswith("sparse") else tmp_path, notes), notes)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["c2w", "w2c", "frames", "video", "w"]), inner),
    max_leaves=6,
)
CAMERA = ["transform_matrix", "w2c", "fx", "fl_x", "cx", "w", "h", "k1", "k4", "camera_model", "is_fisheye", "camera_angle_x"]
LISTS = ["frames", "names", "c2w", "intrinsics", "sizes", "img_name", "rotation", "position", "width", "height"]
FIELDS = ["file_path", "mask_path", "video", "video_frame", *CAMERA, *LISTS]


@pytest.mark.parametrize("form", ["transforms", "opencv", "trained", "own"])
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_json_of_odd_types_gives_photos_or_a_sentence(tmp_path: Path, form: str, data: st.DataObject) -> None:
    path = tmp_path / (FORMS[form][1] if form in FORMS else "cameras.json")
    if not (tmp_path / "whole").exists():
        write_trained(tmp_path)
        FORMS.get(form, (write_own, ""))[0](tmp_path)
        (tmp_path / "whole").write_bytes(path.read_bytes())
    content = json.loads((tmp_path / "whole").read_text())
    rows = content if isinstance(content, list) else [content, *content.get("frames", [])]
    data.draw(st.sampled_from(rows))[data.draw(st.sampled_from(FIELDS))] = data.draw(JUNK)
    path.write_text(json.dumps(content))
    notes = Notes()
    attempt(lambda: find_photos(tmp_path, str(path), notes), notes)
    attempt(lambda: read_cameras(path, notes), notes)


def write_own(folder: Path) -> None:
    """As `tttlrm reconstruct` writes it."""
    content = {
        "names": [f"images/{index}.png" for index in range(3)],
        "c2w": poses(3).tolist(),
        "intrinsics": [[20.0, 21.0, 8.0, 6.0]] * 3,
        "sizes": [[16, 12]] * 3,
    }
    (folder / "cameras.json").write_text(json.dumps(content))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"frames": ' * 5000, '{"frames": [{"w": ' + "9" * 5000 + "}]}"])
def test_json_that_the_parser_cannot_bear(tmp_path: Path, text: str) -> None:
    write_transforms(tmp_path)
    (tmp_path / "transforms.json").write_text(text)
    notes = Notes()
    assert isinstance(attempt(lambda: find_photos(tmp_path, report=notes), notes), TttlrmError)


def test_what_a_reader_did_not_expect_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        pytest.raises(TttlrmError, match=r"a\.json is damaged or of a kind that is not read") as caught,
        reading(tmp_path / "a.json"),
    ):
        raise ZeroDivisionError("so many words")
    assert caught.value.code == "bad_poses" and "so many words" not in str(caught.value) and "so many words" in caplog.text
    with pytest.raises(TttlrmError, match=r"^Known"), reading(tmp_path / "a.json"):
        raise bad_poses("Known.")


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    write_numbered(tmp_path)
    (tmp_path / "001.npy").unlink()
    (tmp_path / "001.npy").mkdir()
    notes = Notes()
    assert len(find_photos(tmp_path, report=notes)) == 2 and "001.npy cannot be read" in notes.notes[0]
