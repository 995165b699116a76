# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of photos that Blender shows wrongly or not at all."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.photos.copies import SIDE, copies, turn_of
from tttlrm_blender.photos.images import read_image
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.progress import Report

from .files import photo
from .test_formats import QUADRANTS, gray_ramp, write_dng, write_heif


def turned(path: Path, orientation: int, upright: bool = True, size: tuple[int, int] = (64, 48)) -> Photo:
    """A photo with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(QUADRANTS).resize(size, Image.Resampling.NEAREST).save(path, exif=exif)
    return photo(name=path.name, path=path, upright=upright)


def opened(found: dict[str, np.ndarray], name: str) -> Image.Image:
    return Image.open(BytesIO(found[name].tobytes()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_photos_with_an_orientation_are_copied_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    upright = turned(tmp_path / f"a{suffix}", orientation)
    as_stored = photo(name="b", path=upright.path, upright=False)
    found = copies([upright, as_stored], Report())
    assert (turn_of(upright), turn_of(as_stored)) == (orientation, 1)
    if orientation == 1:
        assert not found
        return
    assert list(found) == [f"a{suffix}"]
    copy = opened(found, f"a{suffix}")
    assert copy.format == "JPEG" and not copy.getexif()
    assert np.abs(np.asarray(copy) / 255 - read_image(upright.path)).mean() < 0.02


def test_files_that_blender_cannot_read_are_copied_as_they_are_used(tmp_path: Path) -> None:
    Image.fromarray(QUADRANTS).save(tmp_path / "a.avif")
    paths = [tmp_path / "a.avif", write_heif(tmp_path / "b.jpg", 6), write_dng(tmp_path / "c.dng", gray_ramp(), 6)]
    photos = [photo(name=path.name, path=path) for path in paths] + [photo(name="stored", path=paths[2], upright=False)]
    found = copies(photos, Report())
    sizes = {name: opened(found, name).size for name in found}
    assert sizes == {"a.avif": (64, 48), "b.jpg": (48, 64), "c.dng": (48, 64), "stored": (64, 48)}
    assert [turn_of(each) for each in photos] == [1, 1, 6, 1]


def test_large_photos_get_small_copies(tmp_path: Path) -> None:
    large = turned(tmp_path / "a.jpg", 6, size=(2 * SIDE, SIDE))
    assert opened(copies([large], Report()), "a.jpg").size == (SIDE // 2, SIDE)


def test_files_that_are_gone_have_neither_copy_nor_turn(tmp_path: Path) -> None:
    gone = photo(name="a.jpg", path=tmp_path / "a.jpg")
    assert copies([gone], Report()) == {} and turn_of(gone) == 1
