# SPDX-License-Identifier: GPL-3.0-or-later
"""Intrinsics stay right through resizing, cropping and undistorting."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.distortion import Distortion
from tttlrm_blender.photos.lens import pinhole_intrinsics, source_pixels
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.photos.resample import resample
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sparse_points import sparse_points
from tttlrm_blender.progress import Report

from .files import photo

DISTORTIONS = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.1, 0.1), st.floats(-0.005, 0.005), st.floats(-0.005, 0.005))
SIZES = st.tuples(st.integers(8, 200), st.integers(8, 200))


def places(width: int, height: int) -> np.ndarray:
    """Pixel centers, [H, W, 2]."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1) + 0.5


def chart(width: int, height: int) -> np.ndarray:
    """An image whose colors encode positions: [H, W, 3], x and y in pixels."""
    return np.concatenate([places(width, height), np.zeros((height, width, 1))], -1).astype(np.float32)


@given(DISTORTIONS, SIZES)
def test_every_pixel_lies_inside_the_photo(distortion: tuple[float, ...], size: tuple[int, int]) -> None:
    view = photo(distortion=distortion)
    pinhole = pinhole_intrinsics(view, *size)
    found = source_pixels(places(*size), pinhole, view.intrinsics, view.distortion)
    assert (found > 0).all()
    assert (found < [view.width, view.height]).all()


@given(DISTORTIONS)
def test_focal_length_grows_no_more_than_needed(distortion: tuple[float, ...]) -> None:
    view = photo(distortion=distortion)
    pinhole = pinhole_intrinsics(view, view.width, view.height)
    assert (pinhole[2:] == view.intrinsics[2:]).all()
    zoom = pinhole[0] / view.intrinsics[0]
    assert zoom >= 1
    assume(zoom > 1.001)  # otherwise the photo is wide enough as it is
    wider = source_pixels(places(64, 48), pinhole * [0.9, 0.9, 1, 1], view.intrinsics, view.distortion)
    assert ((wider < 0) | (wider > [64, 48])).any()


FISHEYES = [
    Distortion("OPENCV_FISHEYE", (0.02, -0.01, 0.0, 0.0)),
    Distortion("FOV", (0.9,)),
    Distortion("DIVISION", (-0.2,)),
    Distortion("EUCM", (0.6, 1.1)),
    Distortion("THIN_PRISM_FISHEYE", (0.02, 0.0, 0.002, 0.001, 0.0, 0.0, 0.001, 0.002)),
]


@pytest.mark.parametrize("distortion", FISHEYES, ids=str)
def test_lines_are_straight_after_undistorting(distortion: Distortion) -> None:
    """A photo of the rays of its own pixels, found by inverting the lens, becomes one of the pinhole's rays."""
    view = replace(photo(120, 90), distortion=distortion)
    rays = (places(120, 90) - view.intrinsics[2:]) / view.intrinsics[:2]
    guess = rays.copy()
    for _ in range(200):
        guess += 0.5 * (rays - distortion(guess))
    np.testing.assert_allclose(distortion(guess), rays, atol=1e-8)
    colors = np.concatenate([guess, np.zeros((90, 120, 1))], -1).astype(np.float32)
    pinhole = pinhole_intrinsics(view, 60, 45)
    found = resample(colors, view, pinhole, 60, 45)[..., :2]
    np.testing.assert_allclose(found[1:-1, 1:-1], ((places(60, 45) - pinhole[2:]) / pinhole[:2])[1:-1, 1:-1], atol=4e-3)


@settings(max_examples=50)
@given(st.tuples(st.floats(-0.1, 0.1), st.floats(-0.05, 0.05), st.floats(-0.002, 0.002), st.floats(-0.002, 0.002)), SIZES)
def test_points_land_where_the_intrinsics_say(distortion: tuple[float, ...], size: tuple[int, int]) -> None:
    """Each pixel of the new image shows the point of the distorted photo that the ray through that pixel hits."""
    view = photo(96, 72, distortion)
    pinhole = pinhole_intrinsics(view, *size)
    image = resample(chart(96, 72), view, pinhole, *size)
    x, y = np.moveaxis((places(*size) - pinhole[2:]) / pinhole[:2], -1, 0)
    k1, k2, p1, p2 = distortion
    r2 = x**2 + y**2
    u = x * (1 + k1 * r2 + k2 * r2**2) + 2 * p1 * x * y + p2 * (r2 + 2 * x**2)
    v = y * (1 + k1 * r2 + k2 * r2**2) + p1 * (r2 + 2 * y**2) + 2 * p2 * x * y
    fx, fy, cx, cy = view.intrinsics
    expected = np.stack([fx * u + cx, fy * v + cy], -1)
    inner = ((expected > 6) & (expected < np.array([96, 72]) - 6)).all(-1)  # the chart's last half pixels repeat
    np.testing.assert_allclose(image[inner][:, :2], expected[inner], atol=0.05)


def test_same_size_without_distortion_changes_nothing() -> None:
    image = np.random.default_rng(0).random((48, 64, 3), dtype=np.float32)
    view = photo()
    np.testing.assert_array_equal(resample(image, view, pinhole_intrinsics(view, 64, 48), 64, 48), image)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_shrinking_averages_blocks(factor: int) -> None:
    image = np.random.default_rng(0).random((48, 72, 3), dtype=np.float32)
    width, height = 72 // factor, 48 // factor
    view = photo(72, 48)
    small = resample(image, view, pinhole_intrinsics(view, width, height), width, height)
    np.testing.assert_allclose(small, image.reshape(height, factor, width, factor, 3).mean((1, 3)), atol=1e-5)


def test_shrinking_does_not_alias() -> None:
    stripes = np.broadcast_to((np.arange(300) % 2)[None, :, None], (200, 300, 3)).astype(np.float32)
    view = photo(300, 200)
    small = resample(stripes, view, pinhole_intrinsics(view, 170, 113), 170, 113)
    assert small[:, 2:-2].std() < 0.15


def test_crop_is_centered() -> None:
    view = photo(64, 48)
    image = resample(chart(64, 48), view, pinhole_intrinsics(view, 48, 48), 48, 48)
    np.testing.assert_allclose(image[..., :2], places(48, 48) + np.array([8, 0]), atol=1e-4)


def test_lens_that_folds_is_refused() -> None:
    with pytest.raises(TttlrmError, match=r"lens distortion of a\.png"):
        pinhole_intrinsics(photo(distortion=(-90.0, 0, 0, 0)), 64, 48)


def test_points_of_the_fox_appear_in_their_colors(shared: Path) -> None:
    """COLMAP's points, seen by the cameras of the undistorted, resized and cropped photos."""
    photos = find_photos(shared / "data/fox", str(shared / "data/colmap/fox"))[::10]
    points = sparse_points(photos, Report())
    views = load_photos(photos, 240, 320)
    here, beside = [], []
    for image, c2w, intrinsics in zip(views.images, views.cameras.c2w, views.cameras.intrinsics, strict=True):
        local = (points.means - c2w[:3, 3]) @ c2w[:3, :3]
        pixels = np.floor(local[:, :2] / local[:, 2:] * intrinsics[:2] + intrinsics[2:]).astype(int)
        seen = (local[:, 2] > 0) & (pixels >= 4).all(1) & (pixels < [236, 316]).all(1)
        assert seen.sum() > 100
        x, y = pixels[seen].T
        here.append(np.abs(image[y, x] - points.colors[seen]).mean(1))
        beside.append(np.abs(image[y + 4, x + 4] - points.colors[seen]).mean(1))
    assert np.median(np.concatenate(here)) < 0.08
    assert np.median(np.concatenate(here)) < 0.8 * np.median(np.concatenate(beside))


@pytest.mark.parametrize("intrinsics", [(1e300, 1e300, 8, 6), (20, 20, 1e300, 6), (1e-30, 1e-30, 8, 6), (20, 20, -1e9, 6)])
def test_a_camera_that_cannot_be_is_refused(intrinsics: tuple[float, ...]) -> None:
    view = photo(16, 12, intrinsics=np.array(intrinsics))
    with pytest.raises(TttlrmError, match=r"The camera of a\.png is impossible") as caught:
        pinhole_intrinsics(view, 16, 12)
    assert caught.value.code == "bad_poses"


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_photos_of_one_pixel_across(size: tuple[int, int]) -> None:
    view = photo(*size)
    image = np.full((size[1], size[0], 3), 0.25, np.float32)
    np.testing.assert_allclose(resample(image, view, view.intrinsics, *size), 0.25)
