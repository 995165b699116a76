# SPDX-License-Identifier: GPL-3.0-or-later
"""Blur is measured with numpy alone, as scipy would."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tttlrm_blender.sharpness import _blurred, softness, too_soft

PICTURE = np.random.default_rng(0).random((60, 80)).astype(np.float32)


def test_the_blur_is_that_of_scipy():
    np.testing.assert_allclose(_blurred(_blurred(PICTURE).T).T, gaussian_filter(PICTURE, 1.0), atol=1e-4)


def test_blurred_pictures_are_softer():
    assert softness(gaussian_filter(PICTURE, 1.5)) > 5 * softness(PICTURE)
    assert softness(np.zeros((8, 8))) == 0 and softness(np.zeros((1, 1))) == 0


@pytest.mark.parametrize(
    ("softnesses", "soft"), [([], []), ([9.0], [False]), ([0.3, 0.3, 4.0], [False, False, True]), ([0.3, 4.0], [False, False])]
)
def test_what_is_far_softer_than_the_others_is_too_soft(softnesses, soft):
    assert too_soft(softnesses) == soft
