# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of photos, from the beginnings of their files."""

from pathlib import Path

import bpy
import pytest

from operators.sources.picture_size import USUAL, picture_size


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_size_is_read(tmp_path: Path, kind: str):
    image = bpy.data.images.new("photo", 50, 30)
    image.filepath_raw, image.file_format = str(tmp_path / "photo"), kind
    image.save()
    assert picture_size(tmp_path / "photo") == (50, 30)


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xc0\0\x02", b"\xff\xd8\0\0\0\0\0", b"RIFF"]
)
def test_where_it_cannot_be_read_it_is_a_usual_one(tmp_path: Path, content: bytes):
    (tmp_path / "odd").write_bytes(content)
    assert picture_size(tmp_path / "odd") == picture_size(tmp_path / "gone") == USUAL
