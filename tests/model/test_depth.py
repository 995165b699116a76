# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth as a choice: the layout of cells and pixels, and the use of costs."""

from dataclasses import replace

import pytest
import torch

from tttlrm_blender.model.config import Config
from tttlrm_blender.model.depth import BLOCKS, DepthHead, matching_costs, read_guess
from tttlrm_blender.model.patches import patches
from tttlrm_blender.stereo.sweep import SHRINK, match, split_range

CONFIG = Config(dim=32, head_dim=16, layers=1, near=0.25, far=32.0, depth_range="log", anchored=True, hypotheses=16)
CELLS = (CONFIG.patch_size // SHRINK) ** 2


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


def test_networks_without_hypotheses_match_nothing() -> None:
    assert matching_costs(replace(CONFIG, hypotheses=0), torch.rand(1, 8, 8, 3), torch.eye(4)[None], torch.ones(1, 4)) is None


def test_blocks_hold_the_cells_that_lie_together() -> None:
    cells = torch.arange(CELLS).float()[:, None, None].expand(CELLS, 2, CONFIG.hypotheses)
    blocks = DepthHead(CONFIG)._blocks(cells)[..., 0, 0]
    assert blocks.tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    assert DepthHead(CONFIG)._cells(DepthHead(CONFIG)._blocks(cells)[..., 0, :]).equal(cells[:, 0])


def test_an_untrained_head_follows_the_costs() -> None:
    costs = torch.rand(3, CELLS, 2, CONFIG.hypotheses, generator=torch.Generator().manual_seed(0))
    logits = DepthHead(CONFIG).logits(torch.randn(3, CONFIG.dim), costs)
    assert torch.equal(logits.argmax(-1), costs[..., 1, :].argmin(-1))


def test_an_expectation_decides_where_costs_do_not() -> None:
    head, costs = DepthHead(CONFIG), torch.full((1, CELLS, 2, CONFIG.hypotheses), 0.5)
    with torch.no_grad():
        head.expect.bias.view(BLOCKS**2, -1)[1, 7] = 5.0  # the upper right block expects hypothesis 7
    chosen = head.logits(torch.zeros(1, CONFIG.dim), costs).softmax(-1)[0, :, 7].view(4, 4)
    assert (chosen[:2, 2:] > 0.5).all() and (chosen[2:] < 0.1).all() and (chosen[:2, :2] < 0.1).all()


@pytest.mark.parametrize("best", [0, 3, 15])
def test_a_sure_choice_is_its_distance_and_sure(best: int) -> None:
    guess = read_guess(CONFIG, peaked(torch.full((1, CELLS), best)))
    distance = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses)[best]
    torch.testing.assert_close(guess.log_distance.exp(), distance.expand(1, 64))
    assert guess.log_odds.min() > 5


def test_two_surfaces_are_not_averaged() -> None:
    logits = torch.zeros(1, CELLS, CONFIG.hypotheses)
    logits[..., 2], logits[..., 12] = 20.0, 19.0
    guess = read_guess(CONFIG, logits)
    near = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses)[2]
    torch.testing.assert_close(guess.log_distance.exp(), near.expand(1, 64), rtol=1e-3, atol=0)
    assert guess.log_odds[0, 0] == pytest.approx(1.0, abs=0.01)  # e^20 : e^19


def test_pixels_take_the_distance_of_their_cell() -> None:
    best = torch.arange(CELLS)[None]
    pixels = read_guess(CONFIG, peaked(best)).log_distance.exp()
    distances = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses)
    picture = distances.view(4, 4).repeat_interleave(2, 0).repeat_interleave(2, 1)
    torch.testing.assert_close(pixels, patches(picture[None, None, :, :, None], 8)[0])
