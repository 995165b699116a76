# SPDX-License-Identifier: GPL-3.0-or-later
"""Initial splats of a refinement."""

import math
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.geometry.quaternions import to_matrices
from tttlrm_blender.poses.sparse_points import SparsePoints
from tttlrm_blender.refine.start import (
    POINT_OPACITY,
    better_than_points,
    splats_from_dense,
    splats_from_points,
    starting_splats,
    surface_points,
    to_degree,
)
from tttlrm_blender.stereo.dense import DenseDepth
from tttlrm_blender.stereo.fusion import DensePoints


@pytest.fixture
def wrong(blobs) -> Gaussians:
    """Splats in other colors than the photos show."""
    return Gaussians(blobs.means * 1.5, blobs.quats, blobs.scales, blobs.opacities, -2 * blobs.sh)


@pytest.fixture
def disturbed(blobs) -> Gaussians:
    """Splats in about the right colors."""
    noise = np.random.default_rng(2).normal(0, 0.12 / SH_DC, blobs.sh.shape)
    return replace(blobs, sh=(blobs.sh + noise).astype(np.float32))


def test_points_become_round_splats_of_their_colour_and_spacing():
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], np.float32)
    colors = np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3)
    splats = splats_from_points(SparsePoints(corners, colors))
    np.testing.assert_allclose(0.5 + SH_DC * splats.sh[:, 0], colors, atol=1e-6)
    np.testing.assert_allclose(splats.scales[0], 2.0)
    np.testing.assert_allclose(splats.opacities, POINT_OPACITY)
    np.testing.assert_array_equal(splats.means, corners)
    assert all(array.dtype == np.float32 for array in splats.arrays().values())


def test_points_on_top_of_each_other_have_a_size(points):
    means = np.concatenate([points.means, np.zeros((9, 3), np.float32)])
    splats = splats_from_points(SparsePoints(means, np.zeros_like(means)))
    assert (splats.scales > 0).all()


def test_good_splats_join_the_points(blobs, photos, points):
    start = starting_splats(blobs, photos, points, 1000)
    np.testing.assert_array_equal(start.means[: len(points)], points.means)
    assert len(start) > len(points) + 0.9 * len(blobs)


def test_bad_splats_are_left_out_where_there_are_points(wrong, photos, points):
    start = starting_splats(wrong, photos, points, 1000)
    np.testing.assert_array_equal(start.means, points.means)


def test_splats_are_kept_by_region(blobs, wrong, photos, points):
    """Only splats on one side have the right colors."""
    bad = blobs.means[:, 1] > 0
    sh = np.where(bad[:, None, None], wrong.sh, blobs.sh)
    start = starting_splats(replace(blobs, sh=sh), photos, points, 1000)
    kept = (start.means[len(points) :, None] == blobs.means).all(-1).any(0)
    assert kept[blobs.means[:, 1] < -0.5].mean() > 0.7
    assert kept[blobs.means[:, 1] > 0.5].mean() < 0.1


def test_no_decoded_splats_are_kept_where_points_match_as_well(blobs, photos):
    assert not better_than_points(blobs, blobs, photos, 0.0).any()


def test_what_masks_hide_does_not_count(blobs, wrong, photos):
    hidden = replace(photos, weights=np.zeros(photos.images.shape[:3], np.float32))
    assert better_than_points(blobs, wrong, photos, 20.0).mean() > 0.9
    assert not better_than_points(blobs, wrong, hidden, 20.0).any()


def test_decoded_splats_must_be_better_where_many_steps_follow(disturbed, photos, points):
    counts = [len(starting_splats(disturbed, photos, points, 1000, passes=passes)) for passes in (0.1, 1.0, math.inf)]
    assert counts[0] >= counts[1] > counts[2] >= len(points)


@pytest.mark.parametrize(("start", "counts"), [("decoded", (0, 1)), ("points", (1, 0)), ("both", (1, 1))])
def test_the_start_can_be_chosen(start, counts, wrong, photos, points):
    assert len(starting_splats(wrong, photos, points, 1000, start)) == counts[0] * len(points) + counts[1] * len(wrong)


def test_bad_splats_are_better_than_hardly_any_points(wrong, photos, points):
    few = SparsePoints(points.means[:5], points.colors[:5])
    assert len(starting_splats(wrong, photos, few, 1000)) == 5 + len(wrong)


@pytest.mark.parametrize("count", [0, 3])
def test_without_points_the_splats_stay_as_they_are(count, wrong, photos, points):
    few = SparsePoints(points.means[:count], points.colors[:count])
    np.testing.assert_array_equal(starting_splats(wrong, photos, few, 1000).means, wrong.means)


def test_most_splats_are_not_exceeded(blobs, photos):
    assert len(starting_splats(blobs, photos, None, 10)) == 10


def test_degrees_are_filled_up_and_cut(blobs):
    filled = to_degree(blobs, 3)
    assert filled.sh.shape == (len(blobs), 16, 3)
    assert not filled.sh[:, 1:].any()
    np.testing.assert_array_equal(to_degree(filled, 0).sh, blobs.sh)


@pytest.fixture
def dense(blobs, points) -> DensePoints:
    """Dense points at the places of points, turned outward."""
    normals = points.means / np.linalg.norm(points.means, axis=1, keepdims=True)
    return DensePoints(points.means, points.colors, normals, np.full(len(points), 0.2, np.float32))


def test_dense_points_become_splats_flat_on_the_surface(dense):
    splats = splats_from_dense(dense)
    thin = to_matrices(splats.quats)[:, :, 2]
    np.testing.assert_allclose((thin * dense.normals).sum(1), 1, atol=1e-5)
    assert (splats.scales[:, 2] < 0.2 * splats.scales[:, 0]).all() and (splats.scales[:, 0] == splats.scales[:, 1]).all()
    assert all(array.dtype == np.float32 for array in splats.arrays().values())


def test_dense_points_turned_away_exactly_have_an_orientation():
    few = DensePoints(
        np.eye(4, 3, dtype=np.float32), np.zeros((4, 3), np.float32), -np.eye(3, dtype=np.float32)[[2, 2, 2, 2]], np.ones(4)
    )
    assert np.isfinite(splats_from_dense(few).quats).all()


def test_dense_points_join_the_sparse_ones_by_default_alone(wrong, photos, points, dense):
    lengths = [len(starting_splats(wrong, photos, points, 1000, start, dense=dense)) for start in ("auto", "points", "both")]
    assert lengths == [2 * len(points), len(points), len(points) + len(wrong)]


def test_dense_points_that_are_too_few_change_nothing(wrong, photos, points, dense):
    few = DensePoints(dense.means[:3], dense.colors[:3], dense.normals[:3], dense.spacing[:3])
    np.testing.assert_array_equal(starting_splats(wrong, photos, points, 1000, dense=few).means, points.means)
    np.testing.assert_array_equal(starting_splats(wrong, photos, None, 1000, dense=few).means, wrong.means)


def test_beside_dense_points_short_runs_keep_the_draft(wrong, photos, points, dense):
    kept = [len(starting_splats(wrong, photos, points, 1000, passes=passes, dense=dense)) for passes in (5, 20)]
    assert kept == [2 * len(points) + len(wrong), 2 * len(points)]


@pytest.mark.parametrize("passes", [1, 20])
def test_even_the_fewest_splats_start_from_a_point(photos, passes):
    ones = np.ones((len(photos), 8, 8), np.float32)
    found = DenseDepth(ones, np.tile(np.float32([0, 0, -1]), (*ones.shape, 1)), ones, photos.cameras.resized(8, 8))
    assert len(surface_points(found, photos, 1, passes)) > 0


def test_long_runs_start_from_fewer_dense_points(photos, monkeypatch):
    asked = []
    monkeypatch.setattr("tttlrm_blender.refine.start.dense_points", lambda found, photos, most: asked.append(most))
    for passes in (5, 20):
        surface_points(mock.sentinel.depth, photos, 500, passes)
    assert asked == [500, 250]
