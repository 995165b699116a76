# SPDX-License-Identifier: GPL-3.0-or-later
"""The least sizes of splats."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.resolution import EVERY, MARGIN, VARIANCE, Resolution

from .conftest import SIZE

CPU = torch.device("cpu")


def by_loops(means, photos):
    """The same as `Resolution.least`, splat by splat."""
    found = []
    for mean in means.astype(np.float64):
        pixels = []
        for c2w, (fx, fy, cx, cy) in zip(photos.cameras.c2w, photos.cameras.intrinsics, strict=True):
            x, y, z = np.linalg.inv(c2w)[:3] @ [*mean, 1]
            low, high = -MARGIN * SIZE, (1 + MARGIN) * SIZE
            if z > 0 and low < fx * x / z + cx < high and low < fy * y / z + cy < high:
                pixels.append(z / max(fx, fy))
        found.append(VARIANCE**0.5 * min(pixels, default=0))
    return found


def test_the_least_size_is_a_share_of_the_nearest_photos_pixels(blobs, photos):
    far = replace(blobs, means=2.5 * blobs.means)  # some are beside all photos, or behind cameras
    parameters = Parameters(far, 4.0, CPU)
    expected = by_loops(far.means, photos)
    Resolution(parameters, photos)
    np.testing.assert_allclose(parameters.least, expected, rtol=1e-4)
    assert min(expected) == 0 < max(expected)


def test_splats_keep_their_sizes_but_those_that_are_too_small(blobs, photos):
    thin = replace(blobs, scales=blobs.scales * np.array([1, 0.5, 1e-6], np.float32))
    parameters = Parameters(thin, 4.0, CPU)
    Resolution(parameters, photos)
    scales = parameters.to_numpy().scales
    np.testing.assert_allclose(scales[:, :2], thin.scales[:, :2], rtol=1e-4)
    np.testing.assert_allclose(scales[:, 2], parameters.least, rtol=0.01)
    again = Parameters(parameters.to_numpy(), 4.0, CPU)
    Resolution(again, photos)
    np.testing.assert_allclose(again.to_numpy().scales, scales, rtol=1e-4)


def test_sizes_follow_splats_that_move(blobs, photos):
    parameters = Parameters(blobs, 4.0, CPU)
    resolution = Resolution(parameters, photos)
    before = parameters.least
    with torch.no_grad():
        parameters["means"].mul_(1.2)
    for _ in range(EVERY):
        assert parameters.least is before
        resolution.follow()
    assert not torch.equal(parameters.least, before)


@pytest.mark.parametrize("antialiased", [True, False])
def test_only_antialiased_splats_are_held_to_a_least_size(nothing, blobs, photos, points, antialiased):
    refined = refine(nothing, photos, RefineSettings(steps=30, antialiased=antialiased, sky=False), Report(), points)
    assert refined.antialiased == antialiased
    least = np.array(by_loops(refined.means, photos))
    assert (refined.scales.min(1) > 0.9 * least).all() or not antialiased
