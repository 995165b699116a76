# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense depth, dense points and kept depth of a textured wall."""

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch

from tests.stereo.wall import WALL, cameras, intrinsics_of, wall_photos
from tttlrm_blender.cache import keeping_in
from tttlrm_blender.errors import Cancelled, Code, TttlrmError
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.rays import unit_rays
from tttlrm_blender.kernels import torch_in_order
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.stereo import kept_depth as kept
from tttlrm_blender.stereo.dense import DenseDepth, dense_depth, depth_by_photo, whole, world_points
from tttlrm_blender.stereo.fusion import dense_points

VIEWS, HEIGHT, WIDTH = 6, 48, 64


@pytest.fixture(scope="module")
def photos() -> PhotoSet:
    """Photos of the wall."""
    c2w, intrinsics = cameras(4, VIEWS), intrinsics_of(VIEWS, HEIGHT, WIDTH)
    images, _ = wall_photos(c2w, intrinsics, HEIGHT, WIDTH)
    found = Cameras(c2w.double().numpy(), intrinsics.double().numpy(), np.tile([[WIDTH, HEIGHT]], (VIEWS, 1)))
    return PhotoSet([str(view) for view in range(VIEWS)], images.numpy(), found)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Points on the wall."""
    random = np.random.default_rng(0)
    return np.concatenate([random.uniform(-1.5, 1.5, (100, 2)), np.full((100, 1), WALL)], 1).astype(np.float32)


@pytest.fixture(scope="module")
def found(photos, points) -> DenseDepth:
    """Depth of the photos."""
    return dense_depth(photos, points)


def true_depth(photos: PhotoSet) -> np.ndarray:
    """The depth [V, H, W] of the wall."""
    c2w = torch.from_numpy(photos.cameras.c2w)
    rays = unit_rays(torch.from_numpy(photos.cameras.intrinsics), HEIGHT, WIDTH)
    down = torch.einsum("vj,vhwj->vhw", c2w[:, 2, :3], rays)
    return ((WALL - c2w[:, 2, 3])[:, None, None] / down * rays[..., 2]).numpy()


def test_depth_is_accurate_where_it_is_confirmed(photos, found):
    sure = found.confidence > 0
    off = np.abs(found.depth / true_depth(photos) - 1)[sure]
    assert sure.mean() > 0.5 and np.median(off) < 0.002 and (off < 0.01).mean() > 0.97
    assert found.confidence[sure].min() >= 0.5 and found.confidence.max() <= 1
    np.testing.assert_allclose(np.linalg.norm(found.normal, axis=-1), 1, atol=1e-5)
    assert np.median(found.normal[sure], 0)[2] < -0.97
    assert np.abs(world_points(found, 2)[sure[2]][:, 2] - WALL).max() < 0.15


def test_points_are_not_needed(photos):
    sure = dense_depth(photos).confidence > 0
    assert sure.mean() > 0.5


def test_depth_does_not_depend_on_the_number_of_threads(photos, points, found):
    with torch_in_order():
        torch.set_num_threads(1)
        again = dense_depth(photos, points)
    for one, other in ((again.depth, found.depth), (again.normal, found.normal), (again.confidence, found.confidence)):
        np.testing.assert_array_equal(one, other)


def test_blank_photos_confirm_nothing(photos, points):
    blank = replace(photos, images=np.full_like(photos.images, 0.5))
    assert (dense_depth(blank, points).confidence > 0).mean() < 0.02


def test_a_single_photo_confirms_nothing(photos):
    assert not dense_depth(photos[[0]]).confidence.any()


def test_masked_pixels_do_not_count(photos, points, found):
    weights = np.ones(photos.images.shape[:3], np.float32)
    weights[:, :, : WIDTH // 2] = 0
    confidence = dense_depth(replace(photos, weights=weights), points).confidence
    assert not confidence[:, :, : WIDTH // 2].any() and confidence[:, :, WIDTH // 2 :].mean() > 0.3


def test_it_can_be_canceled(photos, points):
    report = Report()
    report.progress = lambda stage, share: report.cancel() if share > 0.3 else None
    with pytest.raises(Cancelled):
        dense_depth(photos, points, report)


def test_maps_are_smaller_than_large_photos(photos, points):
    small = dense_depth(photos, points, side=32)
    assert small.depth.shape == (VIEWS, 24, 32) and (small.confidence > 0).any()
    assert small.cameras.sizes[0].tolist() == [32, 24]


def test_dense_points_lie_on_the_wall(photos, found):
    many, few = dense_points(found, photos, 10**6), dense_points(found, photos, 300)
    assert len(many) > 1000 and 50 < len(few) <= 300
    for some in (many, few):
        assert np.abs(some.means[:, 2] - WALL).mean() < 0.02
        assert some.normals[:, 2].mean() < -0.95 and ((some.colors >= 0) & (some.colors <= 1)).all()
    assert few.spacing.mean() > many.spacing.mean()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2)])
def test_the_smallest_photos_give_no_depth(photos, size):
    height, width = size
    small = replace(photos, images=photos.images[:, :height, :width], cameras=photos.cameras.resized(width, height))
    found = dense_depth(small)
    assert found.depth.shape == (VIEWS, *size) and not found.confidence.any()


def test_nothing_confirmed_gives_no_points(photos):
    assert len(dense_points(dense_depth(photos[[0]]), photos[[0]], 100)) == 0


def kept_depth(*arguments: Any) -> DenseDepth:
    """Depth that is kept, all of it."""
    return whole(kept.kept_depth_by_photo(*arguments))


def test_kept_depth_is_measured_once(photos, points, tmp_path):
    with keeping_in(tmp_path), mock.patch.object(kept, "depth_by_photo", wraps=depth_by_photo) as measured:
        first = kept_depth(photos, points, Report())
        second = kept_depth(photos, points, Report())
        assert measured.call_count == 1
        np.testing.assert_array_equal(first.depth, second.depth)
        np.testing.assert_array_equal(first.normal, second.normal)
        (file,) = (tmp_path / "depth").iterdir()
        for torn in (b"torn", b"", file.read_bytes()[:300]):
            file.write_bytes(torn)
            kept_depth(photos, points, Report())
        kept_depth(replace(photos, images=1 - photos.images), points, Report())
        assert measured.call_count == 5


def test_depth_follows_the_points_that_narrow_it_and_the_oldest_maps_go(photos, points, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 2)
    with keeping_in(tmp_path), mock.patch.object(kept, "depth_by_photo", wraps=depth_by_photo) as measured:
        for side in (8, 9):
            kept_depth(photos, points, Report(), side)
        kept_depth(photos, None, Report(), 9)
        assert measured.call_count == 3 and len(list((tmp_path / "depth").iterdir())) == 2
        kept_depth(photos, points, Report(), 9)
        assert measured.call_count == 3


@pytest.mark.parametrize("broken", ["kept_folder", "replacing"])
def test_depth_that_cannot_be_kept_is_measured_all_the_same(photos, points, tmp_path, broken):
    report, error = Report(), TttlrmError("{} cannot be written: {}.", "a", "b", code=Code.CANNOT_WRITE)
    with keeping_in(tmp_path):
        expected = kept_depth(photos, points, Report())
    with (
        keeping_in(tmp_path / "other"),
        mock.patch.object(kept, broken, side_effect=error),
        mock.patch.object(report, "note") as note,
    ):
        found = kept_depth(photos, points, report)
    assert "is not kept" in str(note.call_args.args[0])
    np.testing.assert_array_equal(found.depth, expected.depth)
    np.testing.assert_array_equal(found.normal, expected.normal)
