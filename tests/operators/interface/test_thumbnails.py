# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails of photos that phones took upright are upright."""

import struct

import bpy
import numpy as np
import pytest

from operators.interface import thumbnails
from operators.interface.orientation import orientation, turned

WIDTH, HEIGHT = 96, 64


@pytest.fixture(autouse=True)
def none_left():
    yield
    thumbnails.unregister()


def tiff(turn, order):
    head = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(f"{order}HHIHH", 0x010F, 2, 4, 0, 0) + struct.pack(f"{order}HHIHH", 0x0112, 3, 1, turn, 0)
    return head + struct.pack(f"{order}IH", 8, 2) + entries + bytes(4)


def photo(path, turn, order="<"):
    """A JPEG file whose upper half is white, and whose upper left quarter is red, as stored."""
    image = bpy.data.images.new("photo", WIDTH, HEIGHT)
    pixels = np.ones((HEIGHT, WIDTH, 4), np.float32)
    pixels[HEIGHT // 2 :, :, :3], pixels[: HEIGHT // 2, : WIDTH // 2] = 0, (1, 0, 0, 1)
    image.pixels.foreach_set(pixels[::-1].ravel())
    image.filepath_raw, image.file_format = str(path), "JPEG"
    image.save()
    if turn:
        content = path.read_bytes()
        exif = b"Exif\0\0" + tiff(turn, order)
        path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:])
    return path


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("turn", range(9))
def test_the_orientation_of_a_photo_is_read(tmp_path, turn, order):
    assert orientation(photo(tmp_path / "photo.jpg", turn, order)) == max(turn, 1)


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG", b"\xff\xd8", b"\xff\xd8\xff\xe1\0\x0eExif\0\0MM\0*\0\0", b"\xff\xd8\xff\xe1\0\0"]
)
def test_whatever_cannot_be_read_is_upright(tmp_path, content):
    (tmp_path / "odd.jpg").write_bytes(content)
    assert orientation(tmp_path / "odd.jpg") == orientation(tmp_path / "gone.jpg") == 1


@pytest.mark.parametrize(
    "turn, upright", [(3, [[3, 2], [1, 0]]), (6, [[2, 0], [3, 1]]), (8, [[1, 3], [0, 2]]), (5, [[0, 2], [1, 3]])]
)
def test_pictures_are_turned(turn, upright):
    np.testing.assert_array_equal(turned(np.array([[0, 1], [2, 3]]), turn), upright)


@pytest.mark.parametrize("turn, red", [(0, (0, 0)), (6, (0, 1)), (8, (1, 0)), (3, (1, 1))])
def test_thumbnails_are_upright(tmp_path, turn, red):
    path = photo(tmp_path / "photo.jpg", turn)
    thumbnails.icon(path)
    while thumbnails.turn_next() is not None:
        pass
    thumbnail = thumbnails._kept[str(path)]
    assert (thumbnail.image_size[0] > thumbnail.image_size[1]) == (turn not in (6, 8))
    for size in thumbnails.SIZES:
        width, height = getattr(thumbnail, f"{size}_size")
        values = np.array(getattr(thumbnail, f"{size}_pixels"), np.int32).view(np.uint8).reshape(height, width, 4)[::-1]
        rows, columns = slice(height // 8, height, height // 2), slice(width // 8, width, width // 2)
        quarters = values[rows, columns].astype(int)[:2, :2]
        assert np.argwhere(quarters[..., 0] - quarters[..., 1] > 100).tolist() == [list(red)], size
