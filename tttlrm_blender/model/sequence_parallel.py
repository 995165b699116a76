# SPDX-License-Identifier: GPL-3.0-or-later
"""One sequence of views on several ranks: each holds the tokens of its views; fast weights are the same everywhere.

Attention stays inside a view, so only the update depends on other ranks: its three gradients per layer are sums over
tokens, and are also summed over ranks. Traffic does not grow with the number of views.
"""

from __future__ import annotations

from dataclasses import replace

import torch.distributed as dist
from torch import Tensor

from .network import Rule


def sequence_parallel(rule: Rule, group: dist.ProcessGroup | None = None) -> Rule:
    """The rule by which all ranks of a group learn together, each from its share of one sequence."""

    def total(gradient: Tensor) -> Tensor:
        summed = gradient.contiguous()
        dist.all_reduce(summed, group=group)
        return summed

    return replace(rule, reduce=total)


def views_of_rank(views: int, rank: int, ranks: int, views_per_update: int | None = None) -> list[list[int]]:
    """The views of each chunk that a rank holds, such that every rank takes part in every update.

    Without `views_per_update` there is one chunk of all views. A rank may hold no view of a chunk: an empty list.
    """
    step = views_per_update or views
    chunks = [range(first, min(first + step, views)) for first in range(0, views, step)]
    return [list(chunk[rank * len(chunk) // ranks : (rank + 1) * len(chunk) // ranks]) for chunk in chunks]
