# SPDX-License-Identifier: GPL-3.0-or-later
"""Small photo sets and image files that the tests of this folder write."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from tttlrm_blender.errors import Text
from tttlrm_blender.photos.distortion import Distortion
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.progress import Report


class Notes(Report):
    """Remembers the notes."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: Text) -> None:
        self.notes.append(str(text))


def poses(count: int, seed: int = 0) -> np.ndarray:
    """Random camera-to-world matrices, [count, 4, 4]."""
    chance = np.random.default_rng(seed)
    c2w = np.tile(np.eye(4), (count, 1, 1))
    c2w[:, :3, :3] = Rotation.random(count, random_state=seed).as_matrix()
    c2w[:, :3, 3] = chance.normal(size=(count, 3))
    return c2w


def photo(width: int = 64, height: int = 48, distortion: tuple[float, ...] = (0, 0, 0, 0), **changes) -> Photo:
    """A photo without a file, of a camera with a slightly displaced center."""
    intrinsics = np.array([0.9 * width, 0.92 * width, width / 2 + 1.5, height / 2 - 2.0])
    values = {"name": "a.png", "path": Path("a.png"), "c2w": np.eye(4), "intrinsics": intrinsics, **changes}
    return Photo(width=width, height=height, distortion=Distortion(values=distortion), **values)


def write_photo(path: Path, width: int = 16, height: int = 12, seed: int = 0) -> Path:
    """An image file of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_transforms(folder: Path, count: int = 3, **changes) -> dict:
    """A photo set with a transforms.json of shared intrinsics; its content comes back. A change to None takes out a value."""
    frames = []
    for index, pose in enumerate(poses(count)):
        write_photo(folder / f"images/{index}.png", seed=index)
        opengl = pose @ np.diag([1.0, -1.0, -1.0, 1.0])
        frames.append({"file_path": f"images/{index}.png", "transform_matrix": opengl.tolist()})
    content = {"fl_x": 20.0, "fl_y": 21.0, "cx": 7.5, "cy": 6.5, "w": 16, "h": 12, "frames": frames, **changes}
    content = {name: value for name, value in content.items() if value is not None}
    (folder / "transforms.json").write_text(json.dumps(content))
    return content


def write_png16(path: Path, pixels: np.ndarray) -> None:
    """A PNG of 16 bits: [H, W, 3 or 4] uint16. Pillow cannot write one."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    encoded = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        encoded += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(encoded)
