# SPDX-License-Identifier: GPL-3.0-or-later
"""The plane sweep: its two back ends agree, and true distances cost least."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stereo.wall import cameras, intrinsics_of, turned, wall_photos
from tttlrm_blender.stereo import sweep_cpu, sweep_reference
from tttlrm_blender.stereo.pairs import pair_up
from tttlrm_blender.stereo.sweep import SHRINK, UNSEEN, match, smooth, split_range


def matched(*photos: torch.Tensor, **options) -> torch.Tensor:
    """The costs [V, H/2, W/2, 2, K] of all views."""
    return torch.stack(list(match(*photos, **options)))


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(2, 9), st.integers(2, 9))
def test_the_two_back_ends_agree(seed: int, views: int, height: int, width: int) -> None:
    images = torch.rand(views, height, width, 3, generator=torch.Generator().manual_seed(seed))
    pairs = pair_up(cameras(seed, views), intrinsics_of(views, height, width), 4)
    given = (images, pairs, split_range(0.25, 32, 12), 0.3, UNSEEN)
    found, expected = (
        torch.stack([program.compare(view, *given) for view in range(views)]) for program in (sweep_cpu, sweep_reference)
    )
    assert found.shape == expected.shape == (views, height, width, 2, 12)
    differ = (found - expected).abs() > 1e-4  # a point on the very edge of a photo may be seen by one of them only
    assert differ.float().mean() < 0.002


def test_the_true_distance_costs_least() -> None:
    height, width = 48, 64
    c2w, intrinsics = cameras(3, 5), intrinsics_of(5, height, width)
    photos, true = wall_photos(c2w, intrinsics, height, width)
    distances = split_range(1, 10, 48)
    best = distances[matched(photos, c2w, intrinsics, distances)[..., 1, :].argmin(-1)]
    error = (best / true[:, SHRINK // 2 :: SHRINK, SHRINK // 2 :: SHRINK]).log().abs()
    assert error.shape == (5, height // SHRINK, width // SHRINK)
    assert error.median() < math.log(10) / 48 and (error < 0.1).float().mean() > 0.9


def test_the_better_half_ignores_an_occluder_in_one_photo() -> None:
    c2w, intrinsics = cameras(5, 5), intrinsics_of(5, 32, 32)
    photos, _ = wall_photos(c2w, intrinsics, 32, 32)

    def least() -> torch.Tensor:
        return matched(photos, c2w, intrinsics, split_range(2, 5, 48))[0, 3:-3, 3:-3].amin(-1).mean((0, 1))

    before = least()
    photos[4] = 0.5
    rise = least() - before
    assert rise[0] > 0.1 and rise[1] < 0.3 * rise[0]


def test_what_no_photo_sees_costs_a_constant() -> None:
    images, c2w = torch.rand(2, 8, 8, 3), cameras(0, 2)
    c2w[1, :3, :3] = turned(math.pi)
    c2w[1, 2, 3] = -5.0
    for backend in ("cpu", "reference"):
        costs = matched(images, c2w, intrinsics_of(2, 8, 8), split_range(1, 9, 4), backend=backend)
        torch.testing.assert_close(costs, torch.full((2, 4, 4, 2, 4), UNSEEN))


def test_a_single_photo_matches_nothing() -> None:
    costs = matched(torch.rand(1, 8, 8, 3), cameras(0, 1), intrinsics_of(1, 8, 8), split_range(1, 9, 4))
    torch.testing.assert_close(costs, torch.full((1, 4, 4, 2, 4), UNSEEN))


def test_neighbors_are_the_nearest_that_look_the_same_way() -> None:
    c2w = torch.eye(4).repeat(4, 1, 1)
    c2w[:, 0, 3] = torch.tensor([0.0, 1.0, 0.1, 5.0])
    c2w[2, :3, :3] = turned(math.pi)  # beside the first, but looking back
    pairs = pair_up(c2w, intrinsics_of(4, 8, 8), 2)
    assert pairs.other[0].tolist() == [1, 2] and pairs.other[1].tolist() == [0, 2]
    point = torch.tensor([0.3, -0.2, 2.0])
    seen = pairs.rotation[0, 0] @ point + pairs.translation[0, 0]
    torch.testing.assert_close(seen, point - torch.tensor([1.0, 0, 0]))


def test_smoothing_keeps_constants_and_means_over_neighbors() -> None:
    torch.testing.assert_close(smooth(torch.full((1, 5, 4, 2, 3), 0.7)), torch.full((1, 5, 4, 2, 3), 0.7))
    single = torch.zeros(1, 5, 5, 2, 3)
    single[0, 2, 2] = 9.0
    assert smooth(single)[0, 1:4, 1:4].eq(1).all() and smooth(single)[0, 0].eq(0).all()


@pytest.mark.parametrize("count", [1, 7, 64])
def test_ranges_are_split_into_equal_ratios(count: int) -> None:
    distances = split_range(0.25, 32, count)
    assert len(distances) == count and distances[0] > 0.25 and distances[-1] < 32
    if count > 1:
        torch.testing.assert_close(distances[1:] / distances[:-1], torch.full((count - 1,), 128 ** (1 / count)))


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_a_sweep_can_be_stopped_between_views(backend):
    heard = []

    def stop(view):
        heard.append(view)
        if view == 1:
            raise KeyboardInterrupt

    c2w = torch.cat([cameras(0, 1), cameras(0, 1), cameras(0, 1)])
    with pytest.raises(KeyboardInterrupt):
        matched(torch.rand(3, 8, 8, 3), c2w, intrinsics_of(3, 8, 8), split_range(1, 9, 4), backend=backend, on_view=stop)
    assert heard == [0, 1]
