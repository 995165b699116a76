# SPDX-License-Identifier: GPL-3.0-or-later
"""Semi-global matching (Hirschmüller, TPAMI 2008): cells agree with their neighbors on a distance unless costs speak against it.

The cost of a hypothesis becomes that of the best path that ends in it, averaged over paths from eight directions. Blank areas
take on the distances of their surroundings.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..kernels import kernel

DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))  # steps of a path in rows and columns


def aggregate(costs: Tensor, step: float, jump: float) -> Tensor:
    """Costs [h, w, K] of K hypotheses, averaged over the paths to each cell; no gradients.

    A path pays `step` for moving to the next hypothesis and `jump` for moving to any other.
    """
    if costs.is_cuda:
        return aggregate_plainly(costs, step, jump)
    total = np.zeros(costs.shape, np.float32)
    given = np.ascontiguousarray(costs.detach().numpy(), np.float32)
    for down, right in DIRECTIONS:
        _add_paths(given, down, right, np.float32(step), np.float32(jump), total)
    return torch.from_numpy(total / np.float32(len(DIRECTIONS)))


@kernel
def _add_paths(costs, down, right, step, jump, total) -> None:
    """Add the costs of the best paths in one direction to total [h, w, K]."""
    height, width, count = costs.shape
    before, now = np.empty((width, count), np.float32), np.empty((width, count), np.float32)
    for row in range(height):
        y = row if down >= 0 else height - 1 - row
        for column in range(width):
            x = column if right >= 0 else width - 1 - column
            source = now if down == 0 else before
            if row < abs(down) or x - right < 0 or x - right >= width:
                for k in range(count):
                    now[x, k] = costs[y, x, k]
            else:
                _extend(source[x - right], costs[y, x], step, jump, now[x])
            for k in range(count):
                total[y, x, k] += now[x, k]
        before, now = now, before


@kernel
def _extend(before, costs, step, jump, found) -> None:
    """The costs [K] of paths that continue those before by one cell."""
    count = len(costs)
    least = before[0]
    for k in range(1, count):
        least = min(least, before[k])
    for k in range(count):
        best = min(before[k], least + jump)
        if k > 0:
            best = min(best, before[k - 1] + step)
        if k < count - 1:
            best = min(best, before[k + 1] + step)
        found[k] = costs[k] + best - least


def aggregate_plainly(costs: Tensor, step: float, jump: float) -> Tensor:
    """`aggregate` in plain torch, for any device."""
    costs = costs.detach().float()
    return torch.stack([_paths(costs, *direction, step, jump) for direction in DIRECTIONS]).mean(0)


def _paths(costs: Tensor, down: int, right: int, step: float, jump: float) -> Tensor:
    """The costs [h, w, K] of the best paths in one direction."""
    if down == 0:
        return _paths(costs.transpose(0, 1), right, 0, step, jump).transpose(0, 1)
    rows = list(costs if down > 0 else costs.flip(0))
    found = [rows[0]]
    for row in rows[1:]:
        before = F.pad(found[-1], (1, 1), value=torch.inf)  # [w, K + 2]
        least = before.amin(-1, keepdim=True)
        beside = torch.minimum(before[:, :-2], before[:, 2:]) + step
        best = torch.minimum(torch.minimum(before[:, 1:-1], beside), least + jump) - least
        found.append(row + _moved(best, right))
    whole = torch.stack(found)
    return whole if down > 0 else whole.flip(0)


def _moved(row: Tensor, right: int) -> Tensor:
    """Values [w, K] moved by `right` columns, with zeros where paths begin."""
    if right == 0:
        return row
    return F.pad(row[:-1], (0, 0, 1, 0)) if right > 0 else F.pad(row[1:], (0, 0, 0, 1))
