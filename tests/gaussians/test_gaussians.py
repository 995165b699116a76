# SPDX-License-Identifier: GPL-3.0-or-later
"""The container: choosing, merging and pruning splats."""

from dataclasses import replace

import numpy as np

from tttlrm_blender.gaussians.gaussians import merge, prune, thinned


def test_choosing(random_splats):
    splats = random_splats(10, 2)
    few = splats[[3, 1]]
    assert len(few) == 2 and few.sh_degree == 2
    np.testing.assert_array_equal(few.means, splats.means[[3, 1]])


def test_merge_fills_lower_degrees_with_zeros(random_splats):
    low, high = random_splats(4, 1), random_splats(3, 3, seed=1)
    both = merge([low, high])
    assert len(both) == 7 and both.sh_degree == 3
    np.testing.assert_array_equal(both.sh[:4, :4], low.sh)
    assert not both.sh[:4, 4:].any()
    np.testing.assert_array_equal(both.quats[4:], high.quats)


def test_antialiased_splats_stay_so_and_decide_for_others(random_splats):
    classic, mip = random_splats(4), replace(random_splats(3), antialiased=True)
    assert mip[[0, 2]].antialiased and prune(mip, max_splats=2).antialiased and thinned(mip, 2).antialiased
    assert mip[:0].map(np.copy).antialiased and not classic.map(np.copy).antialiased
    assert merge([classic, mip]).antialiased and not merge([classic, classic]).antialiased


def test_prune_keeps_the_most_opaque_in_order(random_splats):
    splats = random_splats(6)
    splats.opacities[:] = 0.5, 0.1, 0.9, 0.5, 0.7, 0.05
    np.testing.assert_array_equal(prune(splats, min_opacity=0.1).means, splats.means[:5])
    np.testing.assert_array_equal(prune(splats, max_splats=3).means, splats.means[[0, 2, 4]])
    np.testing.assert_array_equal(prune(splats, 0.6, 5).means, splats.means[[2, 4]])
    assert len(prune(splats)) == 6


def test_thinning_keeps_the_opaque_and_spreads_over_the_rest(random_splats):
    splats = random_splats(1000)
    splats.opacities[:] = 0.01
    splats.opacities[[7, 500, 999]] = 1
    few = thinned(splats, 100)
    assert 70 <= len(few) <= 100
    places = [int(np.flatnonzero((splats.means == mean).all(1))[0]) for mean in few.means]
    assert places == sorted(places) and {7, 500, 999} <= set(places)
    assert max(np.diff([0, *places, 999])) < 30
    np.testing.assert_allclose(few.scales, splats.scales[places] * (1000 / len(few)) ** 0.5, rtol=1e-6)
    assert few.scales.dtype == np.float32


def test_thinning_leaves_few_splats_alone(random_splats):
    splats = random_splats(10)
    assert thinned(splats, 10) is splats
    splats.opacities[:] = 0
    assert 1 <= len(thinned(splats, 5)) <= 5
