# SPDX-License-Identifier: GPL-3.0-or-later
"""COLMAP models, binary and text: cameras, images and points3D. Rigs and frames add nothing about single cameras."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from ..errors import TttlrmError
from ..photos.distortion import PARAMETERS, Distortion
from ..photos.photo import Photo, Source
from ..photos.raw import is_raw
from ..progress import Report
from .confinement import first_file
from .posed_photo import Lens, bad_poses, note_missing, posed_photo, with_headers
from .turns import Seen, settled

# For each camera model that can be read: the model of `PARAMETERS` that it is a case of, and its parameters in COLMAP's order.
MODELS = {
    "SIMPLE_PINHOLE": ("OPENCV", "f cx cy"),
    "PINHOLE": ("OPENCV", "fx fy cx cy"),
    "SIMPLE_RADIAL": ("OPENCV", "f cx cy k1"),
    "RADIAL": ("OPENCV", "f cx cy k1 k2"),
    "OPENCV": ("OPENCV", "fx fy cx cy k1 k2 p1 p2"),
    "OPENCV_FISHEYE": ("OPENCV_FISHEYE", "fx fy cx cy k1 k2 k3 k4"),
    "FULL_OPENCV": ("FULL_OPENCV", "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6"),
    "FOV": ("FOV", "fx fy cx cy omega"),
    "SIMPLE_RADIAL_FISHEYE": ("OPENCV_FISHEYE", "f cx cy k1"),
    "RADIAL_FISHEYE": ("OPENCV_FISHEYE", "f cx cy k1 k2"),
    "THIN_PRISM_FISHEYE": ("THIN_PRISM_FISHEYE", "fx fy cx cy k1 k2 p1 p2 k3 k4 sx1 sy1"),
    "RAD_TAN_THIN_PRISM_FISHEYE": ("RAD_TAN_THIN_PRISM_FISHEYE", "fx fy cx cy k0 k1 k2 k3 k4 k5 p0 p1 s0 s1 s2 s3"),
    "SIMPLE_DIVISION": ("DIVISION", "f cx cy k"),
    "DIVISION": ("DIVISION", "fx fy cx cy k"),
    "SIMPLE_FISHEYE": ("OPENCV_FISHEYE", "f cx cy"),
    "FISHEYE": ("OPENCV_FISHEYE", "fx fy cx cy"),
    "EUCM": ("EUCM", "fx fy cx cy alpha beta"),
}
MODEL_NAMES = dict(enumerate(MODELS))  # binary files number the models in this order
PANORAMA = 17  # the number of equirectangular cameras
MODEL_HINT = "Cut pinhole images out of the photos with COLMAP's image_undistorter."


@dataclass(frozen=True)
class ColmapImage:
    """One registered image: its pose takes world points to OpenCV camera axes."""

    image_id: int
    name: str
    camera_id: int
    quaternion: np.ndarray  # [4] float64, w x y z
    translation: np.ndarray  # [3] float64

    @property
    def c2w(self) -> np.ndarray:
        """Camera to world, [4, 4]."""
        w2c = np.eye(4)
        w2c[:3, :3] = Rotation.from_quat(np.roll(self.quaternion, -1)).as_matrix()
        w2c[:3, 3] = self.translation
        return np.linalg.inv(w2c)


@dataclass(frozen=True)
class ColmapPoints:
    """The sparse points of a model, and the images that see each of them."""

    means: np.ndarray  # [N, 3] float64
    colors: np.ndarray  # [N, 3] uint8, sRGB
    seen_by: list[np.ndarray] = field(repr=False)  # N arrays of image ids


def is_model(folder: Path) -> bool:
    """Whether a folder holds a COLMAP model."""
    return any((folder / f"cameras{suffix}").is_file() for suffix in (".bin", ".txt"))


def read_model(model: Path, folder: Path, report: Report, estimated: bool = False) -> list[Photo]:
    """The photos of a model, with image files below `folder`. Raises `TttlrmError` ("bad_poses").

    `estimated` says that the model is our own estimate, not the user's. Ours is of upright photos, COLMAP's of photos as stored,
    but for camera raw files, which every program develops upright.
    """
    lenses, images = read_cameras(model), read_images(model)
    paths = [_image_file(model, folder, image.name) for image in images]
    missing = [image.name for image, path in zip(images, paths, strict=True) if not path]
    note_missing(model, missing, len(images) - len(missing), report)
    found = with_headers([(path, image) for image, path in zip(images, paths, strict=True) if path], report)
    photos = [_photo(model, folder, path, image, lenses, estimated) for path, image in found]
    return photos if estimated else settled(model, photos, True, report, _seen(model))


def read_cameras(model: Path) -> dict[int, Lens]:
    """The cameras of a model by id. Raises `TttlrmError` for unsupported camera models."""
    return dict(_read(model, "cameras", _cameras_binary, _cameras_text))


def read_images(model: Path) -> list[ColmapImage]:
    """The registered images of a model."""
    return list(_read(model, "images", _images_binary, _images_text))


def read_points(model: Path) -> ColmapPoints:
    """The sparse points of a model."""
    rows = list(_read(model, "points3D", _points_binary, _points_text))
    means = np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, 3)
    colors = np.array([row[1] for row in rows], dtype=np.uint8).reshape(-1, 3)
    return ColmapPoints(means, colors, [row[2] for row in rows])


def _read(model: Path, name: str, binary: Any, from_lines: Any) -> list[Any]:
    path = model / f"{name}.bin"
    try:
        if path.is_file():
            return list(binary(_Bytes(path.read_bytes()), path))
        path = model / f"{name}.txt"
        return list(
            from_lines([line.strip() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")], path)
        )
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise bad_poses("The pose file {} cannot be read ({}).", path, error) from None


def _photo(model: Path, folder: Path, path: Path, image: ColmapImage, lenses: dict[int, Lens], estimated: bool) -> Photo:
    if image.camera_id not in lenses:
        raise bad_poses("The pose file {} has no camera for {}.", model, image.name)
    source = Source(model, image.image_id, estimated)
    return posed_photo(folder, path, model, image.c2w, lenses[image.camera_id], source, stored=not estimated and not is_raw(path))


def _seen(model: Path) -> Seen:
    """The points of a model that a photo sees; none where its points are missing or damaged."""

    @cache
    def points() -> tuple[ColmapPoints, np.ndarray, np.ndarray]:
        try:
            found = read_points(model)
        except TttlrmError:
            found = ColmapPoints(np.empty((0, 3)), np.empty((0, 3), np.uint8), [])
        counts = [len(images) for images in found.seen_by]
        return found, np.concatenate([*found.seen_by, np.empty(0, int)]), np.repeat(np.arange(len(counts)), counts)

    def seen(photo: Photo) -> tuple[np.ndarray, np.ndarray]:
        found, image_ids, indices = points()
        these = indices[image_ids == photo.source.image_id] if photo.source else indices[:0]
        return found.means[these], found.colors[these]

    return seen


def _image_file(model: Path, folder: Path, name: str) -> Path | None:
    roots = (folder, folder / "images", folder / "input", model.parent.parent / "images")
    return first_file((root / name for root in roots), model, name)


def _lens(path: Path, model: str, width: int, height: int, values: list[float]) -> Lens:
    general, names = MODELS[model]
    known = dict(zip(names.split(), values, strict=True))
    focal = known.get("f", 0.0)
    intrinsics = np.array([known.get("fx", focal), known.get("fy", focal), known["cx"], known["cy"]])
    return Lens(width, height, intrinsics, Distortion(general, tuple(known.get(name, 0.0) for name in PARAMETERS[general])))


class _Bytes:
    """A reader of consecutive little-endian fields."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, layout: str) -> tuple[Any, ...]:
        fields = struct.unpack_from(f"<{layout}", self.content, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return fields

    def name(self) -> str:
        end = self.content.index(b"\0", self.at)
        name, self.at = self.content[self.at : end].decode(), end + 1
        return name


def _cameras_binary(data: _Bytes, path: Path) -> Iterator[tuple[int, Lens]]:
    for _ in range(data.take("Q")[0]):
        camera_id, number, width, height = data.take("iiQQ")
        model = _supported(path, MODEL_NAMES.get(number, "EQUIRECTANGULAR" if number == PANORAMA else f"number {number}"))
        yield camera_id, _lens(path, model, width, height, list(data.take(f"{len(MODELS[model][1].split())}d")))


def _cameras_text(lines: list[str], path: Path) -> Iterator[tuple[int, Lens]]:
    for camera_id, model, width, height, *values in map(str.split, filter(None, lines)):
        yield int(camera_id), _lens(path, _supported(path, model), int(width), int(height), [float(v) for v in values])


def _supported(path: Path, model: str) -> str:
    if model not in MODELS:
        raise bad_poses("The pose file {} has a camera model that is not supported ({}).", path, model, hint=MODEL_HINT)
    return model


def _images_binary(data: _Bytes, path: Path) -> Iterator[ColmapImage]:
    for _ in range(data.take("Q")[0]):
        image_id, *pose, camera_id = data.take("I7dI")
        name = data.name()
        (points,) = data.take("Q")
        data.at += 24 * points  # each is x, y and the id of a 3D point
        yield ColmapImage(image_id, name, camera_id, np.array(pose[:4]), np.array(pose[4:]))


def _images_text(lines: list[str], path: Path) -> Iterator[ColmapImage]:
    for line in lines[::2]:  # every other line holds the 2D points, or nothing
        image_id, *pose, camera_id, name = line.split(maxsplit=9)
        numbers = np.array([float(value) for value in pose])
        yield ColmapImage(int(image_id), name, int(camera_id), numbers[:4], numbers[4:])


def _points_binary(data: _Bytes, path: Path) -> Iterator[tuple]:
    for _ in range(data.take("Q")[0]):
        _, *mean, red, green, blue, _, length = data.take("Q3d3BdQ")
        yield mean, (red, green, blue), np.array(data.take(f"{2 * length}I")[::2])


def _points_text(lines: list[str], path: Path) -> Iterator[tuple]:
    for _, *values in map(str.split, filter(None, lines)):
        yield [float(v) for v in values[:3]], [int(v) for v in values[3:6]], np.array(values[7::2], dtype=int)
