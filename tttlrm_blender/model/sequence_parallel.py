# SPDX-License-Identifier: GPL-3.0-or-later
"""One sequence of views on several ranks: each holds the tokens of its views; fast weights are the same everywhere.

Attention stays inside a view, so that only the update must be told of the other ranks: its three gradients per layer
are sums over tokens, and are summed over ranks as well (DESIGN §3). Traffic does not grow with the number of views.
"""

from __future__ import annotations

from dataclasses import replace

import torch.distributed as dist
from torch import Tensor

from .network import Rule


def sequence_parallel(rule: Rule, group: dist.ProcessGroup | None = None) -> Rule:
    """The rule by which all ranks of a group learn from their shares of one sequence together."""

    def total(gradient: Tensor) -> Tensor:
        summed = gradient.contiguous()
        dist.all_reduce(summed, group=group)
        return summed

    return replace(rule, reduce=total)


def views_of_rank(views: int, rank: int, ranks: int, views_per_update: int | None = None) -> list[list[int]]:
    """Views that a rank holds of each chunk, so that every rank takes part in every update.

    Without `views_per_update` there is one chunk of all views. A rank may hold no view of a chunk: an empty list.
    """
    step = views_per_update or views
    chunks = [range(first, min(first + step, views)) for first in range(0, views, step)]
    return [list(chunk[rank * len(chunk) // ranks : (rank + 1) * len(chunk) // ranks]) for chunk in chunks]
