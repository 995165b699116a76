# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth as a choice: the layout of cells and pixels, and the use of costs."""

from dataclasses import replace

import pytest
import torch

from tttlrm_blender.model.config import Config
from tttlrm_blender.model.depth import (
    BLOCKS,
    SHARPNESS,
    DepthHead,
    Views,
    cell_grid,
    choose_distances,
    interpolated,
    matching_costs,
    read_guess,
    sweep_again,
)
from tttlrm_blender.model.patches import patches
from tttlrm_blender.stereo.sweep import SHRINK, match, split_range

CONFIG = Config(dim=32, head_dim=16, layers=1, near=0.25, far=32.0, depth_range="log", anchored=True, hypotheses=16)
CELLS = (CONFIG.patch_size // SHRINK) ** 2
STEPS = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses).log()


def peaked(best: torch.Tensor) -> torch.Tensor:
    """Log-odds [..., K] that are certain of hypotheses [...]."""
    return 50.0 * torch.nn.functional.one_hot(best, CONFIG.hypotheses)


def test_costs_lie_patch_by_patch() -> None:
    images, c2w = torch.rand(2, 16, 24, 3), torch.eye(4).repeat(2, 1, 1)
    c2w[1, 0, 3] = 0.3
    intrinsics = torch.tensor([[20.0, 20, 12, 8]]).repeat(2, 1)
    costs = matching_costs(CONFIG, images, c2w, intrinsics)
    whole = torch.stack(list(match(images, c2w, intrinsics, split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses))))
    assert costs is not None and costs.shape == (2 * 6, CELLS, 2, CONFIG.hypotheses)
    view, row, column = 1, 5, 10  # of a cell; the patch of row 1, column 2, and row 1, column 2 in there
    torch.testing.assert_close(costs[view * 6 + 1 * 3 + 2, 1 * 4 + 2], whole[view, row, column])


def test_costs_are_exact_where_networks_are_not() -> None:
    images, c2w = torch.rand(2, 16, 24, 3), torch.eye(4).repeat(2, 1, 1)
    c2w[1, :3, :3] = torch.linalg.matrix_exp(torch.tensor([[0.0, 0.1, 0.2], [-0.1, 0, 0.3], [-0.2, -0.3, 0]]))
    intrinsics = torch.tensor([[20.0, 20, 12, 8]]).repeat(2, 1)
    costs = matching_costs(CONFIG, images, c2w, intrinsics)
    with torch.autocast("cpu", torch.bfloat16):
        again = matching_costs(CONFIG, images, c2w, intrinsics)
    assert costs is not None and again is not None and torch.equal(costs, again)


def test_networks_without_hypotheses_match_nothing() -> None:
    assert matching_costs(replace(CONFIG, hypotheses=0), torch.rand(1, 8, 8, 3), torch.eye(4)[None], torch.ones(1, 4)) is None


def test_blocks_hold_the_cells_that_lie_together() -> None:
    cells = torch.arange(CELLS).float()[:, None, None].expand(CELLS, 2, CONFIG.hypotheses)
    blocks = DepthHead(CONFIG)._blocks(cells)[..., 0, 0]
    assert blocks.tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]


def test_an_expectation_is_that_of_a_block_of_cells() -> None:
    head = DepthHead(CONFIG)
    with torch.no_grad():
        head.expect.bias.view(BLOCKS**2, -1)[1, 7] = 5.0  # the upper right block expects hypothesis 7
    expected, trust = head.expectation(torch.zeros(6, CONFIG.dim), columns=3)
    assert expected.shape == (8, 12, CONFIG.hypotheses) and trust.shape == (8, 12, 1)
    assert (expected[:2, 2:4, 7] == 5).all() and (expected[4:6, 10:, 7] == 5).all() and (trust == SHARPNESS).all()
    assert (expected[2:4] == 0).all() and (expected[:, :2] == 0).all()


def test_cells_lie_by_row_and_column() -> None:
    picture = torch.arange(8 * 12).float().view(8, 12, 1)
    assert torch.equal(cell_grid(CONFIG, patches(picture[None, None], 4)[0][..., None], columns=3), picture)


def test_the_second_sweep_covers_the_range_of_the_scene() -> None:
    """A wall at distance 2 in front of two cameras side by side; parts are seen by one of them only."""
    c2w, intrinsics = torch.eye(4).repeat(2, 1, 1), torch.tensor([[40.0, 40, 12, 8]]).repeat(2, 1)
    c2w[1, 0, 3] = 0.5  # the second photo shows the wall 10 pixels to the left
    wall = torch.rand(1, 16, 34, 3, generator=torch.Generator().manual_seed(0))
    views = Views(torch.cat([wall[:, :, :24], wall[:, :, 10:]]), c2w, intrinsics)
    costs = matching_costs(CONFIG, *views)
    assert costs is not None
    log_distances, logits = sweep_again(DepthHead(CONFIG), torch.zeros(12, CONFIG.dim), costs, views)
    low, high = log_distances[[0, -1]].exp().tolist()
    assert CONFIG.near < low < 2 < high < CONFIG.far
    guess = read_guess(CONFIG, log_distances, logits, views)
    assert guess.log_distance.shape == guess.log_odds.shape == (12, 64)
    assert (guess.log_distance.exp().median() - 2).abs() < 0.4


@pytest.mark.parametrize("best", [0, 3, 15])
def test_a_sure_choice_is_its_distance_and_sure(best: int) -> None:
    distance, odds = choose_distances(STEPS, peaked(torch.full((4, 4), best)))
    torch.testing.assert_close(distance, STEPS[best].expand(4, 4))
    assert odds.min() > 5


def test_two_surfaces_are_not_averaged() -> None:
    logits = torch.zeros(4, 4, CONFIG.hypotheses)
    logits[..., 2], logits[..., 12] = 20.0, 19.0
    distance, odds = choose_distances(STEPS, logits)
    torch.testing.assert_close(distance, STEPS[2].expand(4, 4), rtol=1e-3, atol=0)
    assert odds[0, 0] == pytest.approx(1.0, abs=0.01)  # e^20 : e^19


def test_a_blank_cell_takes_the_distance_of_its_neighbors() -> None:
    logits = peaked(torch.full((5, 5), 6))
    logits[2, 2] = 0.0
    assert choose_distances(STEPS, logits)[0][2, 2] == pytest.approx(float(STEPS[6]), abs=0.1)


def test_expectations_between_hypotheses_are_interpolated() -> None:
    found = interpolated(torch.tensor([[0.0, 1.0, 4.0]]), torch.tensor([-1.0, 0.5, 1.5, 9.0]))
    assert found.tolist() == [[0.0, 0.5, 2.5, 4.0]]
