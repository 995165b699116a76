# SPDX-License-Identifier: GPL-3.0-or-later
"""Adaptive density control: splats are split and removed (Kerbl et al. 2023, §5).

A large gradient of a splat's screen position means that the photos show more detail there than the splat can. In rounds, the
splats with the largest gradients are split in two, so many that the last round reaches the goal; transparent ones are removed.
"""

from __future__ import annotations

import math

import torch

from ..render.rasterize import Rendering
from .parameters import Parameters

ROUNDS, FIRST = 22, 0.05  # FIRST: share of the budget at the first round
MOST_GROWTH = 1.5  # factor on the count in one round
MIN_OPACITY = 0.005  # fainter splats are removed
APART = 0.5  # distance of the two halves from the split splat's center along its longest axis, in standard deviations
ALONG, ACROSS = 0.54, 0.9  # size of a half relative to the split splat, along that axis and across it


class Growth:
    """Splits and removes splats during optimization."""

    LAST = 0.5  # share of the budget at the last round

    def __init__(self, parameters: Parameters, goal: int) -> None:
        """Grow to `goal` splats. A larger initial count stays as it is."""
        self.parameters, self.goal, self.round = parameters, goal, 0
        self._forget()

    @torch.no_grad()
    def follow(self, drawn: Rendering, used: float, pause: bool = False) -> None:
        """Record the gradients of a drawing's backward pass, and hold a round if one is due at this share of the budget.

        Rounds that are due during a `pause` are left out.
        """
        gradient = drawn.means2d.grad
        assert gradient is not None, "the gradient of means2d is retained before the backward pass"
        self.pull += gradient.norm(dim=-1).sum(0)
        self.seen += (drawn.radii > 0).sum(0)
        if self.due(used):
            self.next_round(pause)

    def penalty(self) -> torch.Tensor | float:
        """Regularization added to the loss: none."""
        return 0.0

    def due(self, used: float) -> bool:
        """Whether the next round is due; rounds are evenly spaced."""
        return self.round < ROUNDS and used >= FIRST + (self.LAST - FIRST) * self.round / (ROUNDS - 1)

    @torch.no_grad()
    def next_round(self, pause: bool) -> None:
        """Hold the round that is due, or leave it out during a pause."""
        if not pause:
            self._hold_round()
        self.round += 1

    def _hold_round(self) -> None:
        """Remove transparent splats, and split those with the largest gradients."""
        keep = self.parameters["logits"].sigmoid() >= MIN_OPACITY
        pull = torch.where(keep, self.pull / self.seen.clamp(min=1), 0)
        divided = pull.topk(self._wanted(int(keep.sum()))).indices
        replace(self.parameters, keep, divided[pull[divided] > 0])
        self._forget()

    def _wanted(self, count: int) -> int:
        """How many of `count` splats to split, so that even growth over the remaining rounds reaches the goal."""
        growth = (self.goal / max(count, 1)) ** (1 / (ROUNDS - self.round))
        return max(0, int(count * (min(growth, MOST_GROWTH) - 1)))

    def _forget(self) -> None:
        self.pull, self.seen = torch.zeros(2, len(self.parameters), device=self.parameters.device)


def replace(
    parameters: Parameters,
    keep: torch.Tensor,  # [N] bool, which splats stay
    divided: torch.Tensor,  # [K] int64, indices of the kept splats that are split in two
) -> None:
    """Keep some splats and split some of these in two. The second halves come last.

    Both halves together are as opaque as the whole was, 1 − (1 − o')² = o (Rota Bulò et al. 2024, §3.3).
    """
    rows = torch.cat([keep.nonzero()[:, 0], divided])
    second = torch.arange(len(rows), device=rows.device) >= len(rows) - len(divided)
    halves = torch.isin(rows, divided)
    log_scales = parameters["log_scales"].detach()[rows]
    size, axis = log_scales[halves].max(1)
    offsets = APART * size.exp()[:, None] * _axes(parameters["quats"].detach()[rows[halves]], axis)
    means = parameters["means"].detach()[rows]
    means[halves] += torch.where(second[halves, None], offsets, -offsets)
    log_scales[halves] += math.log(ACROSS)
    log_scales[halves, axis] += math.log(ALONG / ACROSS)
    logits = parameters["logits"].detach()[rows]
    logits[halves] = (torch.nn.functional.softplus(logits[halves]) / 2).expm1().log()
    parameters.rebuild(rows, second, {"means": means, "log_scales": log_scales, "logits": logits})


def _axes(quats: torch.Tensor, axis: torch.Tensor) -> torch.Tensor:
    """Direction of one axis (0, 1 or 2) of each rotation: [K, 3] from quaternions [K, 4] and axes [K]."""
    w, vector = torch.nn.functional.normalize(quats, dim=-1).split([1, 3], -1)
    unit = torch.nn.functional.one_hot(axis, 3).to(vector)
    turned = 2 * torch.linalg.cross(vector, unit)
    return unit + w * turned + torch.linalg.cross(vector, turned)
