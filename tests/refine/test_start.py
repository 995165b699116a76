# SPDX-License-Identifier: GPL-3.0-or-later
"""What refinement starts from."""

import numpy as np
import pytest

from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.photos.points import SparsePoints
from tttlrm_blender.refine.start import POINT_OPACITY, disagreement, splats_from_points, starting_splats, to_degree


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


def test_right_splats_agree_with_the_photos_and_wrong_ones_do_not(blobs, photos):
    wrong = Gaussians(blobs.means, blobs.quats, blobs.scales, blobs.opacities, -2 * blobs.sh)
    assert (disagreement(blobs, photos) < 0.01).all()
    assert np.median(disagreement(wrong, photos)) > 0.1


def test_disagreement_is_the_mean_error_where_a_splat_shows(photos, blobs):
    """One opaque white splat that fills every picture sees the photos' mean distance from white."""
    white = Gaussians(
        np.zeros((1, 3), np.float32),
        np.array([[1, 0, 0, 0]], np.float32),
        np.full((1, 3), 100, np.float32),
        np.full(1, 0.99, np.float32),
        np.full((1, 1, 3), 0.5 / SH_DC, np.float32),
    )
    expected = np.abs(0.99 - photos.images).mean()
    assert disagreement(white, photos) == pytest.approx(expected, rel=1e-2)


def test_splats_out_of_sight_disagree_infinitely(blobs, photos):
    away = Gaussians(blobs.means + np.float32([0, 100, 0]), blobs.quats, blobs.scales, blobs.opacities, blobs.sh)
    assert np.isinf(disagreement(away, photos)).all()


def test_good_splats_fill_the_gaps_between_points(blobs, photos, points):
    some = SparsePoints(points.means[:30], points.colors[:30])
    start = starting_splats(blobs, photos, some)
    added = {tuple(mean) for mean in start.means[30:].tolist()}
    assert added
    assert added <= {tuple(mean) for mean in blobs.means.tolist()}
    np.testing.assert_array_equal(start.means[:30], some.means)


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_points_leave_the_splats_as_they_are(count, blobs, photos, points):
    few = SparsePoints(points.means[:count], points.colors[:count])
    start = starting_splats(blobs, photos, few)
    np.testing.assert_array_equal(start.means, blobs.means)


def test_degrees_are_filled_up_and_cut(blobs):
    filled = to_degree(blobs, 3)
    assert filled.sh.shape == (len(blobs), 16, 3)
    assert not filled.sh[:, 1:].any()
    np.testing.assert_array_equal(to_degree(filled, 0).sh, blobs.sh)
