# SPDX-License-Identifier: GPL-3.0-or-later
"""PatchMatch stereo: its two back ends agree."""

import pytest
import torch

from tests.stereo.wall import cameras, intrinsics_of, wall_photos
from tttlrm_blender.stereo import patchmatch_cpu, patchmatch_reference
from tttlrm_blender.stereo.matching import Matching, Search, match_views

HEIGHT, WIDTH = 24, 32


def matching(seed: int, views: int = 5) -> Matching:
    """The first photo of a wall with all others."""
    c2w, intrinsics = cameras(seed, views), intrinsics_of(views, HEIGHT, WIDTH)
    photos, _ = wall_photos(c2w, intrinsics, HEIGHT, WIDTH)
    return match_views(0, list(range(1, views)), photos.mean(-1), c2w.double(), intrinsics.double())


@pytest.mark.parametrize("seed", range(3))
def test_the_two_sweeps_agree(seed):
    given = matching(seed), torch.linspace(1 / 6, 1, 20), 2
    (planes, costs), (expected, costs_expected) = patchmatch_cpu.sweep(*given), patchmatch_reference.sweep(*given)
    assert ((costs - costs_expected).abs() < 1e-3).float().mean() > 0.99  # a point on the edge may be seen by one only
    assert (planes == expected).all(-1).float().mean() > 0.99  # two planes may cost the same


@pytest.mark.parametrize("thorough", [True, False])
@pytest.mark.parametrize("parity", [0, 1])
def test_the_two_improvements_agree(thorough, parity):
    given, search = matching(7), Search(5, 0.1, 0.4, 2, thorough)
    planes, costs = patchmatch_cpu.sweep(given, torch.linspace(1 / 6, 1, 20), 2)
    before, expected, costs_expected = costs.clone(), planes.clone(), costs.clone()
    patchmatch_cpu.improve(given, planes, costs, parity, search)
    patchmatch_reference.improve(given, expected, costs_expected, parity, search)
    assert ((planes - expected).abs() < 1e-4).all(-1).float().mean() > 0.98  # a near tie may be decided differently
    assert ((costs - costs_expected).abs() < 1e-3).float().mean() > 0.98
    rows, columns = torch.arange(HEIGHT)[:, None], torch.arange(WIDTH)
    other = (rows + columns) % 2 != parity
    assert (costs[other] == before[other]).all()
    assert (costs <= before + 1e-6).all() and costs.sum() < before.sum()
