# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth as a choice between the hypotheses of a plane sweep; our addition for small networks, absent from the released ones.

A network that has to learn correspondences between photos on its own needs far more training than a CPU can give. Here
the photos are matched beforehand (`stereo.sweep`): every token reads the costs of its patch, and its final state predicts
a prior over the hypotheses and how much to trust the costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..stereo.sweep import SHRINK, match, split_range
from .config import Config
from .patches import patches

BLOCKS = 2  # along each side of a patch; each block has its own prior
SHARPNESS = 20.0  # at a trust of 1: a cost difference of 1/20 changes the odds by a factor e
WINDOW = 2  # hypotheses on either side of the best that the distance is averaged over
MOST_ODDS = 6.0  # largest absolute log-odds of a guess


class Guess(NamedTuple):
    """Distances of the pixels of T patches, before the correction by the decoder."""

    log_distance: Tensor  # [..., T, p·p]
    log_odds: Tensor  # [..., T, p·p], that the distance is about right


def matching_costs(
    config: Config, images: Tensor, c2w: Tensor, intrinsics: Tensor, on_view: Callable[[int], None] = lambda view: None
) -> Tensor | None:
    """Costs [T, (p/2)², 2, K] of one scene's views, patch by patch; None for networks without a plane sweep.

    images: [V, H, W, 3], 0 to 1; c2w: [V, 4, 4], normalized; intrinsics: [V, 4]. `on_view` is passed to `match`.
    """
    if not config.hypotheses:
        return None
    distances = split_range(config.near, config.far, config.hypotheses, images.device)
    side = config.patch_size // SHRINK
    views = match(images, c2w, intrinsics, distances, on_view=on_view)  # one at a time, because the costs are large
    tokens = images.shape[1] * images.shape[2] // config.patch_size**2
    costs = images.new_empty(len(images), tokens, side * side, 2, len(distances))
    for view, found in zip(costs, views, strict=True):  # [h, w, 2, K]
        view[:] = patches(found.flatten(2)[None, None], side)[0].unflatten(-1, view.shape[1:])
    return costs.flatten(0, 1)


class DepthHead(nn.Module):
    """Embeds costs into tokens, and predicts distances from tokens and costs."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.read = nn.Linear(BLOCKS**2 * 2 * config.hypotheses, config.dim, bias=False)
        self.norm = nn.LayerNorm(config.dim, bias=False)
        self.expect = nn.Linear(config.dim, BLOCKS**2 * (config.hypotheses + 1))
        nn.init.zeros_(self.expect.weight)
        nn.init.zeros_(self.expect.bias)

    def embed(self, costs: Tensor) -> Tensor:
        """The embedding [..., D] of costs [..., (p/2)², 2, K], to be added to the tokens of their patches."""
        return self.read(self._blocks(costs).mean(-3).flatten(-3) * 2 - 1)

    def logits(self, tokens: Tensor, costs: Tensor) -> Tensor:
        """Log-odds [..., (p/2)², K] of the hypotheses in every cell, from final tokens [..., D] and costs."""
        expected = self.expect(self.norm(tokens)).float().unflatten(-1, (BLOCKS**2, 1, -1))
        trust = SHARPNESS * F.softplus(expected[..., -1:]) / F.softplus(expected.new_zeros(()))
        return self._cells(expected[..., :-1] - trust * self._blocks(costs)[..., 1, :])

    def guess(self, tokens: Tensor, costs: Tensor) -> Guess:
        """Guess the distance of every pixel [..., T, p·p] from final tokens [..., T, D] and costs [..., T, (p/2)², 2, K]."""
        return read_guess(self.config, self.logits(tokens, costs))

    def _blocks(self, cells: Tensor) -> Tensor:
        """Cells [..., (p/2)², 2, K] grouped by block: [..., blocks, cells of a block, 2, K]."""
        inner = self.config.patch_size // SHRINK // BLOCKS
        grid = cells.unflatten(-3, (BLOCKS, inner, BLOCKS, inner)).transpose(-5, -4)
        return grid.flatten(-6, -5).flatten(-4, -3)

    def _cells(self, blocks: Tensor) -> Tensor:
        """The inverse of `_blocks` for [..., blocks, cells of a block, K]."""
        inner = self.config.patch_size // SHRINK // BLOCKS
        grid = blocks.unflatten(-2, (inner, inner)).unflatten(-4, (BLOCKS, BLOCKS)).transpose(-4, -3)
        return grid.flatten(-5, -2)


def read_guess(config: Config, logits: Tensor) -> Guess:
    """The expected distance around the best hypothesis of each cell, from log-odds [..., (p/2)², K], for every pixel.

    It is the mean over a window: one over all hypotheses would put surfaces between a wall and an object before it.
    """
    step = torch.arange(config.hypotheses, device=logits.device)
    best = logits.argmax(-1, keepdim=True)
    near = (step - best).abs() <= WINDOW
    mass = torch.logsumexp(logits.masked_fill(~near, -torch.inf), -1) - torch.logsumexp(logits, -1)
    weights = torch.softmax(logits.masked_fill(~near, -torch.inf), -1)
    share = ((weights * step).sum(-1) + 0.5) / config.hypotheses
    low, high = torch.tensor([config.near, config.far]).log().tolist()
    odds = (mass - torch.log1p(-mass.exp().clamp(max=1 - 1e-6))).clamp(-MOST_ODDS, MOST_ODDS)
    return Guess(*(_to_pixels(config, part) for part in (low + (high - low) * share, odds)))


def _to_pixels(config: Config, cells: Tensor) -> Tensor:
    """Values [..., (p/2)²] of cells, repeated for their pixels [..., p·p]."""
    side = config.patch_size // SHRINK
    grid = cells.unflatten(-1, (side, side))
    return grid.repeat_interleave(SHRINK, -1).repeat_interleave(SHRINK, -2).flatten(-2)
