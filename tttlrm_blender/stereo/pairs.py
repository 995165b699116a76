# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of views to compare, and the transforms between their cameras."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Pairs(NamedTuple):
    """The N neighbors of each of V views."""

    intrinsics: Tensor  # [V, 4], fx fy cx cy in pixels of the compared images
    other: Tensor  # [V, N] int64, index of the neighbor
    rotation: Tensor  # [V, N, 3, 3], from the view's camera axes to the neighbor's
    translation: Tensor  # [V, N, 3], the view's center in the neighbor's camera axes


def pair_up(c2w: Tensor, intrinsics: Tensor, neighbors: int) -> Pairs:
    """The nearest views [V, N] of each of V views (all others if there are fewer), by position and viewing direction."""
    place, turn = c2w[:, :3, 3], c2w[:, :3, :3]
    apart = torch.cdist(place, place, compute_mode="donot_use_mm_for_euclid_dist") + 1 - turn[:, :, 2] @ turn[:, :, 2].T
    apart.fill_diagonal_(torch.inf)
    other = apart.topk(min(neighbors, len(c2w) - 1), largest=False).indices
    back = turn[other].mT  # [V, N, 3, 3]
    offset = place[:, None] - place[other]
    return Pairs(intrinsics, other, back @ turn[:, None], (back @ offset[..., None])[..., 0])
