# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats that become one, against sums written out splat by splat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.gaussians.merging import areas, merge_close
from tttlrm_blender.geometry.quaternions import to_matrices


def covariance(gaussians: Gaussians, index: int) -> np.ndarray:
    axes = to_matrices(gaussians.quats[index].astype(float)) * gaussians.scales[index]
    return axes @ axes.T


def one_of(gaussians: Gaussians) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, covariance and colors of a mixture, the slow way."""
    weights = gaussians.opacities.astype(float) * areas(gaussians.scales)
    weights /= weights.sum()
    mean = sum(w * m for w, m in zip(weights, gaussians.means.astype(float), strict=True))
    spread = sum(
        w * (covariance(gaussians, i) + np.outer(m - mean, m - mean))
        for i, (w, m) in enumerate(zip(weights, gaussians.means.astype(float), strict=True))
    )
    return mean, spread, sum(w * sh for w, sh in zip(weights, gaussians.sh.astype(float), strict=True))


@settings(max_examples=40)
@given(count=st.integers(1, 60), side=st.floats(0.05, 5), seed=st.integers(0, 1000))
def test_every_cube_has_the_mixture_of_its_splats(random_splats, count, side, seed):
    splats = random_splats(count, degree=1, seed=seed)
    merged = merge_close(splats, side)
    cubes = np.floor(splats.means / side)
    groups = [np.flatnonzero((cubes == cube).all(axis=1)) for cube in np.unique(cubes, axis=0)]
    assert len(merged) == len(groups)
    left = list(range(len(merged)))
    for group in groups:
        mean, spread, sh = one_of(splats[group])
        found = min(left, key=lambda i: np.abs(merged.means[i] - mean).sum())
        left.remove(found)
        np.testing.assert_allclose(merged.means[found], mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(covariance(merged, found), spread, rtol=1e-3, atol=1e-4 * spread.max())
        np.testing.assert_allclose(merged.sh[found], sh, rtol=1e-4, atol=1e-5)
        assert 0 <= merged.opacities[found] <= 1


def test_splats_alone_stay_bit_for_bit(random_splats):
    splats = random_splats(50)
    for name, array in merge_close(splats, 1e-9).arrays().items():
        np.testing.assert_array_equal(array, getattr(splats, name))


def test_two_in_the_same_place_cover_as_both_did(random_splats):
    splats = random_splats(1)[[0, 0]]
    merged = merge_close(splats, 0.1)
    assert len(merged) == 1
    assert merged.opacities[0] == pytest.approx(1 - (1 - splats.opacities[0]) ** 2, rel=1e-4)
    np.testing.assert_allclose(np.sort(merged.scales[0]), np.sort(splats.scales[0]), rtol=1e-3)


def test_splats_without_opacity_or_size_merge_to_finite_ones(random_splats):
    splats = random_splats(20)
    empty = Gaussians(splats.means, splats.quats, splats.scales * 0, splats.opacities * 0, splats.sh)
    assert all(np.isfinite(array).all() for array in merge_close(empty, 10.0).arrays().values())
    assert len(merge_close(splats[:0], 1.0)) == 0
