# SPDX-License-Identifier: GPL-3.0-or-later
"""Points as splats."""

import numpy as np

from tttlrm_blender.gaussians.dots import dots
from tttlrm_blender.gaussians.gaussians import SH_DC


def test_dots_are_small_and_have_the_colors_of_points():
    random = np.random.default_rng(0)
    means, colors = random.normal(size=(50, 3)), random.random((50, 3))
    made = dots(means, colors)
    np.testing.assert_allclose(made.means, means, atol=1e-6)
    np.testing.assert_allclose(0.5 + SH_DC * made.sh[:, 0], colors, atol=1e-6)
    assert 0 < made.scales.max() < 0.02 and (made.opacities > 0.5).all()


def test_few_points_and_points_in_one_place_are_dots_too():
    assert len(dots(np.empty((0, 3)), np.empty((0, 3)))) == 0
    assert (dots(np.zeros((2, 3)), np.zeros((2, 3))).scales > 0).all()
