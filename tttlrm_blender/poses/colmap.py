# SPDX-License-Identifier: GPL-3.0-or-later
"""COLMAP models, binary and text: cameras, images and points3D. Rigs and frames add nothing about single cameras."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from ..errors import TttlrmError
from ..photos.distortion import PARAMETERS, Distortion
from ..photos.photo import Photo, Source
from .pose_files import bad_poses, decoded, read_text, reading
from .turns import Seen
from .views import Lens, Size, View

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
NOT_A_NUMBER = re.compile(r"[+-]?(nan|1\.#)", re.IGNORECASE)  # also as Windows programs write it: -nan(ind), 1.#QNAN
PARTS, SUFFIXES = ("cameras", "images", "points3D"), (".bin", ".txt")  # of the files of a model
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
        """Camera to world, [4, 4]; NaN without a rotation."""
        w2c = np.eye(4)
        if not (np.isfinite([*self.quaternion, *self.translation]).all() and self.quaternion.any()):
            return np.full((4, 4), np.nan)
        w2c[:3, :3] = Rotation.from_quat(np.roll(self.quaternion / np.abs(self.quaternion).max(), -1)).as_matrix()
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
    return any((folder / f"cameras{suffix}").is_file() for suffix in SUFFIXES)


def model_of(file: Path) -> Path | None:
    """The COLMAP model that a file belongs to, or None."""
    return file.parent if file.stem in PARTS and file.suffix in SUFFIXES and is_model(file.parent) else None


def models_in(folder: Path) -> list[Path]:
    """The COLMAP models among a folder and its subfolders, those with the most images first."""
    models = [place for place in (folder, *sorted(folder.glob("*"))) if is_model(place)]
    return sorted(models, key=lambda model: -image_count(model))


def image_count(model: Path) -> int:
    """The number of registered images of a model; 0 where they cannot be read."""
    try:
        return len(read_images(model))
    except TttlrmError:
        return 0


def model_views(model: Path, estimated: bool = False) -> list[View]:
    """The views of a model. `estimated` says that it is our own, of upright photos. Raises `TttlrmError` ("bad_poses")."""
    lenses, images = read_cameras(model), read_images(model)
    return [
        View(
            image.name,
            model,
            partial(getattr, image, "c2w"),
            partial(_lens_of, model, image, lenses),
            upright=True if estimated else None,
            source=Source(model, image.image_id, estimated),
        )
        for image in images
    ]


def read_cameras(model: Path) -> dict[int, Lens]:
    """The cameras of a model by id. Raises `TttlrmError` for unsupported camera models."""
    return dict(_read(model, "cameras", _cameras_binary, _cameras_text))


def read_images(model: Path) -> list[ColmapImage]:
    """The registered images of a model."""
    return list(_read(model, "images", _images_binary, _images_text))


def read_points(model: Path) -> ColmapPoints:
    """The sparse points of a model."""
    rows = list(_read(model, "points3D", _points_binary, _points_text))
    with reading(model / "points3D"):
        means = np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, 3)
        colors = np.array([row[1] for row in rows], dtype=np.uint8).reshape(-1, 3)
        return ColmapPoints(means, colors, [row[2] for row in rows])


def points_seen(model: Path) -> Seen:
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


def _read(model: Path, name: str, binary: Callable[..., Iterator], from_lines: Callable[..., Iterator]) -> list[Any]:
    path = model / f"{name}.bin"
    if path.is_file():
        with reading(path):
            return list(binary(_Bytes(path.read_bytes()), path))
    path = model / f"{name}.txt"
    lines = [line.strip() for line in read_text(path).splitlines()]
    with reading(path):
        return list(from_lines([line for line in lines if line and not line.startswith("#")], path))


def _lens_of(model: Path, image: ColmapImage, lenses: dict[int, Lens], size: Size | None) -> Lens:
    if image.camera_id not in lenses:
        raise bad_poses("The pose file {} has no camera for {}.", model, image.name)
    return lenses[image.camera_id]


def _lens(path: Path, model: str, width: int, height: int, values: list[float]) -> Lens:
    general, names = MODELS[model][0], MODELS[model][1].split()
    if len(values) != len(names):
        template = "The pose file {} has a camera of the model {} with {} parameters instead of {}."
        raise bad_poses(template, path, model, len(values), len(names))
    known = dict(zip(names, values, strict=True))
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
        name, self.at = decoded(self.content[self.at : end]), end + 1
        return name


def _cameras_binary(data: _Bytes, path: Path) -> Iterator[tuple[int, Lens]]:
    for _ in range(data.take("Q")[0]):
        camera_id, number, width, height = data.take("iiQQ")
        model = _supported(path, MODEL_NAMES.get(number, "EQUIRECTANGULAR" if number == PANORAMA else f"number {number}"))
        yield camera_id, _lens(path, model, width, height, list(data.take(f"{len(MODELS[model][1].split())}d")))


def _cameras_text(lines: list[str], path: Path) -> Iterator[tuple[int, Lens]]:
    for camera_id, model, width, height, *values in map(str.split, lines):
        size = round(float(width)), round(float(height))  # some programs write 640.0
        yield int(camera_id), _lens(path, _supported(path, model), *size, [_float(v) for v in values])


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
    """Images with or without the lines of their 2D points, which other programs leave out or put blank lines around."""
    for line in lines:
        if not _lists_points(line):
            image_id, *pose, camera_id, name = line.split(maxsplit=9)
            numbers = np.array([_float(value) for value in pose])
            yield ColmapImage(int(image_id), name, int(camera_id), numbers[:4], numbers[4:])


def _lists_points(line: str) -> bool:
    """Whether a line lists 2D points: x, y and the id of a 3D point each."""
    words = line.split(maxsplit=12)[:12]
    return len(words) % 3 == 0 and all(map(_is_number, words))


def _is_number(word: str) -> bool:
    try:
        _float(word)
    except ValueError:
        return False
    return True


def _float(word: str) -> float:
    return float("nan") if NOT_A_NUMBER.match(word) else float(word)


def _points_binary(data: _Bytes, path: Path) -> Iterator[tuple]:
    for _ in range(data.take("Q")[0]):
        _, *mean, red, green, blue, _, length = data.take("Q3d3BdQ")
        yield mean, (red, green, blue), np.array(data.take(f"{2 * length}I")[::2])


def _points_text(lines: list[str], path: Path) -> Iterator[tuple]:
    for _, *values in map(str.split, lines):
        yield [float(v) for v in values[:3]], [int(v) for v in values[3:6]], np.array(values[7::2], dtype=int)
