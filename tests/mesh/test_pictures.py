# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos that are read one at a time."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.worker.photo_folder import HEIGHT, WIDTH, write_photos
from tttlrm_blender.mesh.pictures import PhotoPictures
from tttlrm_blender.photos.light import Light
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report


@pytest.fixture
def pictures(tmp_path) -> PhotoPictures:
    photos = find_photos(write_photos(tmp_path), "auto", Report())
    return PhotoPictures(photos, load_photos(photos, 12))


def test_photos_are_read_at_their_own_size(pictures):
    picture = pictures.read(2, 1.0)
    with Image.open(pictures.files[2].path) as image:
        np.testing.assert_allclose(picture.image, np.asarray(image.convert("RGB")) / 255, atol=1e-6)
    np.testing.assert_allclose(picture.intrinsics, pictures.cameras.intrinsics[2])
    assert pictures.cameras.sizes.tolist() == [[WIDTH, HEIGHT]] * 6 and picture.weights is None


def test_finer_photos_than_needed_are_reduced(pictures):
    large, small = pictures.read(2, 0.3), pictures.read(2, 4.0)
    assert large.size == (WIDTH, HEIGHT) and small.size == (WIDTH // 4, HEIGHT // 4)
    np.testing.assert_allclose(small.intrinsics, large.intrinsics / 4)
    np.testing.assert_allclose(small.image.mean((0, 1)), large.image.mean((0, 1)), atol=0.02)


def test_photos_in_other_light_are_evened(pictures):
    darker = np.zeros((6, 3), np.float32)
    darker[2] = np.log(0.5)
    before, after = (each.read(2, 1.0).image for each in (pictures, replace(pictures, light=Light(darker, 0.0))))
    middle = (before > 0.1) & (before < 0.4)
    assert np.median(after[middle] / before[middle]) > 1.8
    unchanged = (each.read(1, 1.0).image for each in (pictures, replace(pictures, light=Light(darker, 0.0))))
    np.testing.assert_allclose(*unchanged, atol=1e-6)


def test_a_photo_that_is_all_masked_does_not_stop_the_others(pictures):
    weights = np.ones(pictures.small.images.shape[:3], np.float32)
    weights[3] = 0
    masked = replace(pictures, small=replace(pictures.small, weights=weights))
    assert not masked.read(3, 1.0).weights.any() and masked.read(2, 1.0).size == (WIDTH, HEIGHT)


def test_pixels_of_all_photos_at_one_size(pictures):
    colors, counted = pictures.pixels(6, 8)
    assert colors.shape == (6, 6, 8, 3) and colors.dtype == np.uint8 and counted is None
    assert np.abs(colors.mean((1, 2, 3)) / 255 - pictures.small.images.mean((1, 2, 3))).max() < 0.01
    weights = np.ones(pictures.small.images.shape[:3], np.float32)
    weights[2] = 0
    masked = replace(pictures, small=replace(pictures.small, weights=weights)).pixels(6, 8).counted
    assert not masked[2].any() and masked[[0, 1, 3, 4, 5]].all()
