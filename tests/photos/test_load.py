# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos become images of one size with pinhole cameras."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.photos.images import read_image
from tttlrm_blender.photos.lens import pinhole_intrinsics
from tttlrm_blender.photos.load import load_photos, used_size
from tttlrm_blender.photos.resample import resample
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report

from .files import photo, write_photo, write_transforms


def test_own_size(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    photos = find_photos(tmp_path)
    loaded = load_photos(photos)
    assert loaded.names == ["images/0.png", "images/1.png", "images/2.png"]
    assert loaded.images.shape == (3, 12, 16, 3)
    assert loaded.images.dtype == np.float32
    np.testing.assert_allclose(loaded.images[1], read_image(tmp_path / "images/1.png"), atol=1e-6)
    np.testing.assert_allclose(loaded.cameras.intrinsics, [[20, 21, 7.5, 6.5]] * 3)
    assert loaded.cameras.sizes.tolist() == [[16, 12]] * 3


def test_each_photo_has_its_own_lens(tmp_path: Path) -> None:
    """Photos loaded together are the same as each loaded alone."""
    write_transforms(tmp_path, k1=0.1)
    photos = find_photos(tmp_path)
    write_photo(tmp_path / "images/1.png", 40, 30)
    photos[1] = find_photos(tmp_path)[1]
    loaded = load_photos(photos, 10, 8)
    for index, each in enumerate(photos):
        pinhole = pinhole_intrinsics(each, 10, 8)
        np.testing.assert_array_equal(loaded.images[index], resample(read_image(each.path), each, pinhole, 10, 8))
        np.testing.assert_array_equal(loaded.cameras.intrinsics[index], pinhole)


def test_portrait_and_landscape_of_all_kinds_become_one_set(tmp_path: Path) -> None:
    write_transforms(tmp_path, w=None, h=None, cx=None, cy=None)
    sideways = Image.Exif()
    sideways[0x0112] = 6
    Image.new("CMYK", (24, 32), (0, 0, 0, 0)).save(tmp_path / "images/1.png", format="TIFF")
    Image.new("L", (32, 24), 255).save(tmp_path / "images/2.png", format="JPEG", exif=sideways)
    loaded = load_photos(find_photos(tmp_path))
    assert loaded.images.shape == (3, 12, 16, 3)
    np.testing.assert_allclose(loaded.images[1:], 1, atol=0.01)
    np.testing.assert_allclose(loaded.cameras.intrinsics[1], [20 * 16 / 24, 21 * 16 / 24, 8, 6])


def test_some_views(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    loaded = load_photos(find_photos(tmp_path))
    some = loaded[[2, 0]]
    assert some.names == ["images/2.png", "images/0.png"]
    np.testing.assert_array_equal(some.images, loaded.images[[2, 0]])
    np.testing.assert_array_equal(some.cameras.c2w, loaded.cameras.c2w[[2, 0]])


def test_objects_without_background_lie_on_white(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    photos = find_photos(tmp_path)
    assert load_photos(photos).background == (0, 0, 0)
    with Image.open(tmp_path / "images/0.png") as image:
        image.convert("RGBA").save(tmp_path / "images/0.png")
    loaded = load_photos(photos)
    assert loaded.background == (1, 1, 1) and loaded[[1]].background == (1, 1, 1)
    for each in photos:
        thing = Image.new("RGB", (16, 12), "white")
        thing.paste((90, 60, 30), (4, 4, 10, 12))
        thing.save(each.path)
    assert load_photos(photos).background == (1, 1, 1)


def test_used_size() -> None:
    photos = [photo(64, 48)]
    assert used_size(photos) == (64, 48)
    assert used_size(photos, width=32) == (32, 24)
    assert used_size(photos, height=12) == (16, 12)
    assert used_size(photos, 10, 20) == (10, 20)


def test_truncated_photo_is_named(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "images/1.jpg")
    content = (tmp_path / "images/1.jpg").read_bytes()
    (tmp_path / "images/1.png").write_bytes(content[: len(content) // 2])
    photos = find_photos(tmp_path)
    with pytest.raises(TttlrmError, match=r"images/1\.png cannot be read completely") as caught:
        load_photos(photos)
    assert caught.value.code == "bad_photo"


def test_photo_that_changed_is_named(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    photos = find_photos(tmp_path)
    write_photo(tmp_path / "images/2.png", 20, 12)
    with pytest.raises(TttlrmError, match=r"size of the photo .*2\.png has changed"):
        load_photos(photos)


def test_loading_can_be_cancelled(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    report = Report()
    report.cancel()
    with pytest.raises(Cancelled):
        load_photos(find_photos(tmp_path), report=report)
