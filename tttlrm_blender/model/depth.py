# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth as a choice between the hypotheses of a plane sweep; our addition for small networks, absent from the released ones.

A network that has to learn correspondences between photos on its own needs far more training than a CPU can give. Here
the photos are matched beforehand (`stereo.sweep`): every token reads the costs of its patch, and its final state predicts
a prior over the hypotheses and how much to trust the costs. Both decide between the hypotheses of a second sweep, which are
as many, but only cover the range of the scene.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..progress import Listen, unheard
from ..stereo.agreement import agreement
from ..stereo.semi_global import aggregate
from ..stereo.sweep import SHRINK, match, split_range
from .config import Config
from .patches import patches

BLOCKS = 2  # along each side of a patch; each block has its own prior
SHARPNESS = 20.0  # at a trust of 1: a cost difference of 1/20 changes the odds by a factor e
WINDOW = 2  # hypotheses on either side of the best that the distance is averaged over
MOST_ODDS = 6.0  # largest absolute log-odds of a guess, before other views vote on it
NEAREST, FARTHEST = 0.01, 0.99  # shares of a scene's distances that are nearer than its range begins and ends
MARGIN = 0.1  # of the range at both ends, of the logarithm of the distance
WIDTH = 0.15  # of the window, on either side, whose probability is that of the distance being about right
STEP, JUMP = 1.0, 4.0  # log-odds that a neighboring cell with the next hypothesis costs, and with any other
VOTE = 0.5  # log-odds of a vote of another view


class Views(NamedTuple):
    """Photos of one scene as the network reads them."""

    images: Tensor  # [V, H, W, 3], 0 to 1
    c2w: Tensor  # [V, 4, 4], normalized
    intrinsics: Tensor  # [V, 4]


class Guess(NamedTuple):
    """Distances of the pixels of T patches, before the correction by the decoder."""

    log_distance: Tensor  # [..., T, p·p]
    log_odds: Tensor  # [..., T, p·p], that the distance is about right


def matching_costs(
    config: Config, images: Tensor, c2w: Tensor, intrinsics: Tensor, on_view: Callable[[int], None] = lambda view: None
) -> Tensor | None:
    """Costs [T, (p/2)², 2, K] of one scene's views, patch by patch; None for networks without a plane sweep.

    images: [V, H, W, 3], 0 to 1; c2w: [V, 4, 4], normalized; intrinsics: [V, 4]. `on_view` is passed to `match`. Always
    float32: bfloat16 would move pixels.
    """
    if not config.hypotheses:
        return None
    distances = split_range(config.near, config.far, config.hypotheses, images.device)
    side = config.patch_size // SHRINK
    views = match(images, c2w, intrinsics, distances, on_view=on_view)  # one at a time, because the costs are large
    tokens = images.shape[1] * images.shape[2] // config.patch_size**2
    costs = images.new_empty(len(images), tokens, side * side, 2, len(distances))
    with torch.autocast(images.device.type, enabled=False):
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

    def expectation(self, tokens: Tensor, columns: int) -> tuple[Tensor, Tensor]:
        """What the final tokens [n, D] of a view, `columns` in a row, expect of its cells.

        Returns log-odds [h, w, K] of the hypotheses of the first sweep without regard to costs, and the trust in costs [h, w, 1].
        """
        expected = self.expect(self.norm(tokens)).float().unflatten(-1, (BLOCKS, BLOCKS, -1)).unflatten(0, (-1, columns))
        blocks = expected.transpose(1, 2).flatten(2, 3).flatten(0, 1)
        inner = self.config.patch_size // SHRINK // BLOCKS
        cells = blocks.repeat_interleave(inner, 0).repeat_interleave(inner, 1)
        trust = SHARPNESS * F.softplus(cells[..., -1:]) / F.softplus(cells.new_zeros(()))
        return cells[..., :-1], trust

    def _blocks(self, cells: Tensor) -> Tensor:
        """Cells [..., (p/2)², 2, K] grouped by block: [..., blocks, cells of a block, 2, K]."""
        inner = self.config.patch_size // SHRINK // BLOCKS
        grid = cells.unflatten(-3, (BLOCKS, inner, BLOCKS, inner)).transpose(-5, -4)
        return grid.flatten(-6, -5).flatten(-4, -3)


def sweep_again(
    head: DepthHead, tokens: Tensor, costs: Tensor, views: Views, listen: Listen = unheard
) -> tuple[Tensor, Iterator[Tensor]]:
    """Hypotheses in the range of one scene: the logarithms of their distances [K], and log-odds [h, w, K] view by view.

    tokens: [T, D], final; costs: [T, (p/2)², 2, K], of the first sweep.
    """
    config, columns = head.config, views.images.shape[2] // head.config.patch_size
    finals = list(tokens.unflatten(0, (len(views.images), -1)))
    low, high = scene_range(head, finals, costs, columns, listen)
    distances = split_range(math.exp(low), math.exp(high), config.hypotheses, tokens.device)
    place = (distances / config.near).log() / math.log(config.far / config.near) * config.hypotheses - 0.5

    def odds() -> Iterator[Tensor]:
        matched = match(*views, distances, on_view=lambda view: listen())
        for final, found in zip(finals, matched, strict=True):
            expected, trust = head.expectation(final, columns)
            yield interpolated(expected, place) - trust * found[..., 1, :]

    return distances.log(), odds()


@torch.no_grad()
def scene_range(head: DepthHead, finals: list[Tensor], costs: Tensor, columns: int, listen: Listen) -> tuple[float, float]:
    """Logarithms of the nearest and the farthest distance of a scene, from final tokens [n, D] and costs of the first sweep."""
    config = head.config
    distances = split_range(config.near, config.far, config.hypotheses, costs.device).log()
    found = []
    for final, of_view in zip(finals, costs.unflatten(0, (len(finals), -1)), strict=True):
        listen()
        expected, trust = head.expectation(final, columns)
        found.append(distances[(expected - trust * cell_grid(config, of_view[..., 1, :], columns)).argmax(-1)])
    return quantile(torch.stack(found), NEAREST).item() - MARGIN, quantile(torch.stack(found), FARTHEST).item() + MARGIN


def quantile(values: Tensor, share: float) -> Tensor:
    """The value that a share of the values is below, from at most 100,000 of them."""
    return torch.quantile(values.flatten()[:: 1 + values.numel() // 100_000].float(), share)


def interpolated(values: Tensor, place: Tensor) -> Tensor:
    """Values [..., K] at fractional places [N] along the last axis: [..., N]. Beyond the ends they stay the same."""
    place = place.clamp(0, values.shape[-1] - 1)
    below = place.long().clamp(max=max(values.shape[-1] - 2, 0))
    above = (below + 1).clamp(max=values.shape[-1] - 1)
    return torch.lerp(values[..., below], values[..., above], (place - below).to(values))


def read_guess(config: Config, log_distances: Tensor, logits: Iterable[Tensor], views: Views) -> Guess:
    """Guess the distance of every pixel [T, p·p] of one scene's views from the results of `sweep_again`.

    The views vote on each other's distances, which changes the odds.
    """
    found = [choose_distances(log_distances, view) for view in logits]
    log_distance, log_odds = (torch.stack(part) for part in zip(*found, strict=True))
    log_odds = log_odds + VOTE * agreement(log_distance, views.c2w, views.intrinsics / SHRINK)
    return Guess(_to_pixels(config, log_distance), _to_pixels(config, log_odds))


def choose_distances(log_distances: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """The logarithms of the distances of one view's cells and the log-odds that these are about right, [h, w] each.

    log_distances: [K], in equal steps; logits: [h, w, K]. The best hypothesis is that of semi-global matching. The distance is
    the mean over a window around it: one over all hypotheses would put surfaces between a wall and an object before it.
    """
    smooth = logits + (-aggregate(-logits, STEP, JUMP) - logits).detach()  # with the gradient of the logits
    best = smooth.argmax(-1, keepdim=True)
    away = (torch.arange(len(log_distances), device=logits.device) - best).abs()
    distance = (torch.softmax(smooth.masked_fill(away > WINDOW, -torch.inf), -1) * log_distances).sum(-1)
    about = (log_distances - log_distances[best]).abs() < WIDTH
    mass = torch.logsumexp(logits.masked_fill(~about, -torch.inf), -1) - torch.logsumexp(logits, -1)
    odds = mass - torch.log1p(-mass.exp().clamp(max=1 - 1e-6))
    return distance, odds.clamp(-MOST_ODDS, MOST_ODDS)


def cell_grid(config: Config, cells: Tensor, columns: int) -> Tensor:
    """Values [n, (p/2)², K] of the cells of one view, `columns` patches in a row, by row and column: [h, w, K]."""
    side = config.patch_size // SHRINK
    grid = cells.unflatten(1, (side, side)).unflatten(0, (-1, columns))
    return grid.transpose(1, 2).flatten(2, 3).flatten(0, 1)


def _to_pixels(config: Config, cells: Tensor) -> Tensor:
    """Values [V, h, w] of cells, repeated for their pixels, patch by patch: [T, p·p]."""
    pixels = cells.repeat_interleave(SHRINK, -1).repeat_interleave(SHRINK, -2)
    return patches(pixels[None, ..., None], config.patch_size)[0]
