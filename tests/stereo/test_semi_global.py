# SPDX-License-Identifier: GPL-3.0-or-later
"""Semi-global matching: the compiled program agrees with the plain one, and neighbors decide where costs do not."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tttlrm_blender.stereo.semi_global import aggregate, aggregate_plainly


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 5))
def test_the_two_programs_agree(seed: int, height: int, width: int, count: int) -> None:
    costs = 9 * torch.rand(height, width, count, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(aggregate(costs, 1.0, 4.0), aggregate_plainly(costs, 1.0, 4.0))


def test_nothing_changes_where_changes_are_free() -> None:
    costs = torch.rand(4, 5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(aggregate(costs, 0.0, 0.0), costs)


def test_a_single_contradiction_is_overruled_and_an_edge_is_kept() -> None:
    best = torch.full((6, 8), 2)
    best[:, 4:] = 7
    costs = 5.0 * (torch.arange(9) != best[..., None])
    costs[3, 1] = 1.0 * (torch.arange(9) != 7)
    found = aggregate(costs, 1.0, 4.0).argmin(-1)
    assert torch.equal(found, best)
