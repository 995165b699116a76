# SPDX-License-Identifier: GPL-3.0-or-later
"""COLMAP models, binary and text, and their agreement with the fox's other poses."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.distortion import PARAMETERS
from tttlrm_blender.poses.colmap import MODELS, read_cameras, read_images, read_points
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.view_files import named_poses
from tttlrm_blender.progress import Report

from ..photos.files import write_photo

NUMBERS = st.floats(-1e3, 1e3).map(lambda value: round(value, 6))
IDS = st.integers(1, 2**31 - 1)


@st.composite
def camera_rows(draw: st.DrawFn) -> list:
    """Cameras as COLMAP lists them: id, model, width, height, parameters."""
    rows = []
    for camera_id in draw(st.lists(IDS, max_size=3, unique=True)):
        model = draw(st.sampled_from(list(MODELS)))
        count = len(MODELS[model][1].split())
        size = draw(st.tuples(st.integers(1, 9999), st.integers(1, 9999)))
        rows.append((camera_id, model, *size, draw(st.lists(NUMBERS, min_size=count, max_size=count))))
    return rows


IMAGE_ROWS = st.lists(
    st.tuples(
        IDS,
        st.lists(NUMBERS, min_size=7, max_size=7),
        IDS,
        st.sampled_from(["a.jpg", "folder/b c.png", "ü.tif"]),
        st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(-1, 99)), max_size=3),
    ),
    max_size=3,
)
POINT_ROWS = st.lists(
    st.tuples(
        IDS,
        st.lists(NUMBERS, min_size=3, max_size=3),
        st.lists(st.integers(0, 255), min_size=3, max_size=3),
        NUMBERS,
        st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 99)), max_size=4),
    ),
    max_size=4,
)


def write_binary(folder: Path, cameras: list, images: list, points: list) -> None:
    parts = [struct.pack("<Q", len(cameras))]
    for camera_id, model, width, height, values in cameras:
        parts.append(struct.pack(f"<iiQQ{len(values)}d", camera_id, list(MODELS).index(model), width, height, *values))
    (folder / "cameras.bin").write_bytes(b"".join(parts))
    parts = [struct.pack("<Q", len(images))]
    for image_id, pose, camera_id, name, observed in images:
        parts.append(struct.pack("<I7dI", image_id, *pose, camera_id) + name.encode() + b"\0" + struct.pack("<Q", len(observed)))
        parts += [struct.pack("<ddq", *place) for place in observed]
    (folder / "images.bin").write_bytes(b"".join(parts))
    parts = [struct.pack("<Q", len(points))]
    for point_id, mean, color, error, track in points:
        parts.append(struct.pack("<Q3d3BdQ", point_id, *mean, *color, error, len(track)))
        parts += [struct.pack("<II", *element) for element in track]
    (folder / "points3D.bin").write_bytes(b"".join(parts))


def write_text(folder: Path, cameras: list, images: list, points: list) -> None:
    def line(*values: object) -> str:
        return " ".join(map(str, values)) + "\n"

    (folder / "cameras.txt").write_text("# cameras\n" + "".join(line(*row[:4], *row[4]) for row in cameras))
    text = "# images\n"
    for image_id, pose, camera_id, name, observed in images:
        text += line(image_id, *pose, camera_id, name) + line(*[value for place in observed for value in place])
    (folder / "images.txt").write_text(text, encoding="utf-8")
    text = "# points\n"
    for point_id, mean, color, error, track in points:
        text += line(point_id, *mean, *color, error, *[value for element in track for value in element])
    (folder / "points3D.txt").write_text(text)


@given(camera_rows(), IMAGE_ROWS, POINT_ROWS)
def test_text_equals_binary(tmp_path_factory: pytest.TempPathFactory, cameras: list, images: list, points: list) -> None:
    binary, text = tmp_path_factory.mktemp("binary"), tmp_path_factory.mktemp("text")
    write_binary(binary, cameras, images, points)
    write_text(text, cameras, images, points)
    for read in (read_cameras, read_images, read_points):
        np.testing.assert_equal(plain(read(binary)), plain(read(text)))
    assert plain(read_points(binary)) == {
        "means": [row[1] for row in points],
        "colors": [row[2] for row in points],
        "seen_by": [[image for image, _ in row[4]] for row in points],
    }
    assert [image.name for image in read_images(binary)] == [row[3] for row in images]


def plain(value: object) -> object:
    """A reader's result as lists and dictionaries."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return plain(vars(value)) if hasattr(value, "__dict__") else value


def test_parameters_of_each_model(tmp_path: Path) -> None:
    """Every parameter has a value of its own; parameters with the same name share it."""
    names = dict.fromkeys(name for _, listed in MODELS.values() for name in listed.split())
    values = {name: float(index) for index, name in enumerate(names, start=1)}
    rows = [
        (number, model, 10, 20, [values[n] for n in listed.split()]) for number, (model, (_, listed)) in enumerate(MODELS.items())
    ]
    write_binary(tmp_path, rows, [], [])
    for number, lens in read_cameras(tmp_path).items():
        general, listed = list(MODELS.values())[number]
        given = listed.split()
        focal = ["f", "f"] if "f" in given else ["fx", "fy"]
        assert lens.intrinsics.tolist() == [values[name] for name in (*focal, "cx", "cy")]
        assert lens.distortion.model == general
        assert lens.distortion.values == tuple(values[name] if name in given else 0 for name in PARAMETERS[general])


MODEL = ([(1, "PINHOLE", 16, 12, [9.0, 9.0, 8.0, 6.0])], [(1, [1.0, 0, 0, 0, 0, 0, 0], 1, "a.png", [])], [])


@pytest.mark.parametrize(("number", "name"), [(17, "EQUIRECTANGULAR"), (99, "number 99")])
def test_binary_of_another_camera_model(tmp_path: Path, number: int, name: str) -> None:
    (tmp_path / "cameras.bin").write_bytes(struct.pack("<QiiQQ", 1, 1, number, 16, 12) + bytes(64))
    with pytest.raises(TttlrmError, match=rf"cameras\.bin has a camera model that is not supported \({name}\)"):
        read_cameras(tmp_path)


def test_text_of_another_camera_model(tmp_path: Path) -> None:
    (tmp_path / "cameras.txt").write_text("1 EQUIRECTANGULAR 16 12\n")
    with pytest.raises(TttlrmError, match=r"not supported \(EQUIRECTANGULAR\)"):
        read_cameras(tmp_path)


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin"])
def test_truncated_model_is_named(tmp_path: Path, name: str) -> None:
    write_binary(tmp_path, *MODEL)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-3])
    write_photo(tmp_path / "a.png")
    with pytest.raises(TttlrmError, match=rf"{name} is damaged or of a kind that is not read"):
        find_photos(tmp_path)


def test_missing_images(tmp_path: Path) -> None:
    write_binary(tmp_path, *MODEL)
    write_photo(tmp_path / "b.png")
    with pytest.raises(TttlrmError, match=r"names the image 'a\.png', which does not exist"):
        find_photos(tmp_path)


@pytest.mark.parametrize("name", ["cameras.txt", "images.txt", "points3D.txt"])
def test_a_file_of_a_model_stands_for_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "sparse").mkdir()
    write_text(tmp_path / "sparse", [(1, "PINHOLE", 16, 12, [9.0, 9.0, 8.0, 6.0])], [], [])
    for part in ("images", "points3D"):
        (tmp_path / f"sparse/{part}.txt").touch()
    lenses = (tmp_path / "sparse/cameras.txt").read_text()
    (tmp_path / "sparse/cameras.txt").write_text(lenses.replace(" 16 12 ", " 16.0 12.0 "))
    assert named_poses([tmp_path / "sparse" / name], Report()) == tmp_path / "sparse"
    assert read_cameras(tmp_path / "sparse")[1].width == 16


def test_image_without_its_camera(tmp_path: Path) -> None:
    _, images, points = MODEL
    write_binary(tmp_path, [], [*images, (2, [1.0, 0, 0, 0, 0, 0, 0], 1, "b.png", [])], points)
    for name in ("a.png", "b.png"):
        write_photo(tmp_path / name)
    with pytest.raises(TttlrmError, match=r"has no camera for a\.png"):
        find_photos(tmp_path)


def test_the_foxs_two_pose_files_agree(shared: Path) -> None:
    """Each photo's pose from transforms.json is COLMAP's up to one similarity of the world."""
    first = find_photos(shared / "data/fox")
    second = {photo.name: photo for photo in find_photos(shared / "data/fox", str(shared / "data/colmap/fox"))}
    assert len(first) == 50
    assert {photo.name for photo in first} == set(second)
    a, b = np.stack([photo.c2w for photo in first]), np.stack([second[photo.name].c2w for photo in first])
    left, _, right = np.linalg.svd(np.einsum("vij,vkj->ik", b[:, :3, :3], a[:, :3, :3]))
    rotation = left @ right
    turned = rotation @ a[:, :3, :3]
    angles = np.arccos(np.clip((np.einsum("vij,vij->v", turned, b[:, :3, :3]) - 1) / 2, -1, 1))
    assert np.degrees(angles).max() < 1
    p, q = (c2w[:, :3, 3] - c2w[:, :3, 3].mean(0) for c2w in (a, b))
    p = p @ rotation.T
    scale = (p * q).sum() / (p * p).sum()
    spread = np.sqrt((q**2).sum(1).mean())
    assert np.linalg.norm(scale * p - q, axis=1).max() < 0.02 * spread


def test_unused_files_of_a_model_are_ignored(shared: Path) -> None:
    model = shared / "data/colmap/castle/sparse/0"
    assert (model / "rigs.bin").is_file()
    assert len(read_points(model).means) == 7576
    assert len(find_photos(shared / "data/castle", str(model))) == 11
