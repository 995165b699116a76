# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos with EXIF orientations and pose files for one of the two ways to read them."""

import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from tttlrm_blender.photos.images import TURNS, TURNS_BACK

from .test_colmap import write_binary

SHAPES = {"landscape": (48, 32), "portrait": (32, 48), "square": (40, 40)}
POINTS = np.random.default_rng(1).uniform([-1, -1, 3], [1, 1, 4], (60, 3))
COLORS = np.random.default_rng(2).integers(0, 256, (60, 3))


def picture(index: int, size: tuple[int, int]) -> np.ndarray:
    """The points as seen by one of the cameras, [H, W, 3] uint8; they hide nothing of each other but at the edges."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    for place, color in zip(seen_at(index, size), COLORS, strict=True):
        x, y = place.astype(int)
        image[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = color
    return image


def seen_at(index: int, size: tuple[int, int]) -> np.ndarray:
    """The places of the points in a picture, [N, 2]."""
    w2c = np.linalg.inv(pose(index))
    points = POINTS @ w2c[:3, :3].T + w2c[:3, 3]
    return 40 * points[:, :2] / points[:, 2:] + np.array(size) / 2


def pose(index: int) -> np.ndarray:
    """Camera to world, [4, 4]."""
    c2w = np.eye(4)
    c2w[:3, :3] = Rotation.from_euler("z", 30 * index, degrees=True).as_matrix()
    c2w[0, 3] = 0.1 * index
    return c2w


def write_turned(path: Path, image: np.ndarray, orientation: object, as_stored: bool) -> Path:
    """An image file with an orientation, which is this image either as stored or held upright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(image)
    stored = picture if as_stored or orientation not in TURNS else picture.transpose(TURNS_BACK[orientation])
    stored.save(path, exif=exif_with(orientation))
    return path


def exif_with(orientation: object) -> bytes:
    """EXIF data with an orientation, which may be a text."""
    if isinstance(orientation, str):
        text = orientation.encode().ljust(4, b"\0")[:4]
        return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHI4sI", 1, 0x0112, 2, 4, text, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def write_photos(folder: Path, size: tuple[int, int], orientation: object, as_stored: bool, count: int = 3) -> list[np.ndarray]:
    """Photos 0.png, 1.png and so on; the pictures that their cameras see come back."""
    pictures = [picture(index, size) for index in range(count)]
    for index, image in enumerate(pictures):
        write_turned(folder / f"{index}.png", image, orientation, as_stored)
    return pictures


def write_model(folder: Path, size: tuple[int, int], points: bool, count: int = 3) -> None:
    """A COLMAP model of the cameras, with the points or without."""
    model = folder / "sparse/0"
    model.mkdir(parents=True, exist_ok=True)
    images = []
    for index in range(count):
        w2c = np.linalg.inv(pose(index))
        quaternion = np.roll(Rotation.from_matrix(w2c[:3, :3]).as_quat(), 1)
        images.append((index + 1, [*quaternion, *w2c[:3, 3]], 1, f"{index}.png", []))
    track = [(index + 1, 0) for index in range(count)]
    rows = [(n, place, color, 0.1, track) for n, (place, color) in enumerate(zip(POINTS, COLORS.tolist(), strict=True))]
    write_binary(model, [(1, "PINHOLE", *size, [40, 40, size[0] / 2, size[1] / 2])], images, rows if points else [])


def write_json(folder: Path, size: tuple[int, int], count: int = 3, **changes: object) -> None:
    """A transforms.json of the cameras; a change to None takes out a value."""
    frames = []
    for index in range(count):
        matrix = (pose(index) @ np.diag([1.0, -1, -1, 1])).tolist()
        frames.append({"file_path": f"{index}.png", "transform_matrix": matrix})
    center = {"cx": size[0] / 2, "cy": size[1] / 2}
    content = {"fl_x": 40.0, "fl_y": 40.0, **center, "w": size[0], "h": size[1], "frames": frames, **changes}
    (folder / "transforms.json").write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def write_ply(path: Path) -> Path:
    """The points as nerfstudio writes them."""
    fields = [*(f"property float {axis}" for axis in "xyz"), *(f"property uint8 {color}" for color in ("red", "green", "blue"))]
    rows = [" ".join(map(str, [*place, *color])) for place, color in zip(POINTS, COLORS, strict=True)]
    header = ["ply", "format ascii 1.0", f"element vertex {len(rows)}", *fields, "end_header"]
    path.write_text("\n".join([*header, *rows, ""]))
    return path


def write_opencv(folder: Path, size: tuple[int, int], count: int = 3) -> None:
    """An opencv_cameras.json of the cameras, which gives no size."""
    lens = {"fx": 40.0, "fy": 40.0, "cx": size[0] / 2, "cy": size[1] / 2}
    frames = [{"file_path": f"{index}.png", "w2c": np.linalg.inv(pose(index)).tolist(), **lens} for index in range(count)]
    (folder / "opencv_cameras.json").write_text(json.dumps({"frames": frames}))
