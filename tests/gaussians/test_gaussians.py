# SPDX-License-Identifier: GPL-3.0-or-later
"""The container: choosing, merging and pruning splats."""

import numpy as np

from tttlrm_blender.gaussians.gaussians import merge, prune


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


def test_prune_keeps_the_most_opaque_in_order(random_splats):
    splats = random_splats(6)
    splats.opacities[:] = 0.5, 0.1, 0.9, 0.5, 0.7, 0.05
    np.testing.assert_array_equal(prune(splats, min_opacity=0.1).means, splats.means[:5])
    np.testing.assert_array_equal(prune(splats, max_splats=3).means, splats.means[[0, 2, 4]])
    np.testing.assert_array_equal(prune(splats, 0.6, 5).means, splats.means[[2, 4]])
    assert len(prune(splats)) == 6
