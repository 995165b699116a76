# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement between the distances found for several views: which points do others confirm, and which do they see through?"""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry.rays import unit_rays
from .pairs import Pairs, pair_up
from .sweep_reference import NEAREST

NEIGHBORS = 8  # views that each view is compared with
TOLERANCE = 0.03  # of the logarithm of a distance


def agreement(log_distance: Tensor, c2w: Tensor, intrinsics: Tensor) -> Tensor:
    """Votes on every point [V, h, w]: neighbors that confirm it, less those that see a surface behind it; no gradients.

    log_distance: [V, h, w], along unit rays, in the units of the poses; c2w: [V, 4, 4]; intrinsics: [V, 4], for these cells.
    Neighbors that see a surface in front of the point cannot tell.
    """
    pairs = pair_up(c2w, intrinsics, NEIGHBORS)
    return torch.stack([_votes(view, log_distance.detach(), pairs) for view in range(len(c2w))])


def _votes(view: int, log_distance: Tensor, pairs: Pairs) -> Tensor:
    height, width = log_distance.shape[1:]
    other = pairs.other[view][:, None, None]
    points = unit_rays(pairs.intrinsics[view], height, width) * log_distance[view].exp()[..., None]
    there = torch.einsum("nij,hwj->nhwi", pairs.rotation[view], points) + pairs.translation[view][:, None, None]
    focal, center = pairs.intrinsics[other].split(2, -1)
    column, row = (there[..., :2] / there[..., 2:].clamp(min=NEAREST) * focal + center).floor().long().unbind(-1)
    seen = (there[..., 2] > NEAREST) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = log_distance[other, row.clamp(0, height - 1), column.clamp(0, width - 1)]
    behind = found - there.norm(dim=-1).clamp(min=NEAREST).log()  # of the point, where the neighbor sees a surface
    return ((seen & (behind.abs() < TOLERANCE)).float() - (seen & (behind >= TOLERANCE)).float()).sum(0)
