# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of views in plain torch, for any device; the twin of the compiled one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..geometry.rays import unit_rays
from .pairs import Pairs

NEAREST = 1e-3  # smallest z, in camera axes, of a point that is seen


def compare(view: int, images: Tensor, pairs: Pairs, distances: Tensor, tolerance: float, unseen: float) -> Tensor:
    """Costs [h, w, 2, K] of one of the images [V, h, w, 3] at distances [K], as `sweep.match` explains, without smoothing."""
    return _summary(*_view(view, images, pairs, distances, tolerance), unseen)


def _view(view: int, images: Tensor, pairs: Pairs, distances: Tensor, tolerance: float) -> tuple[Tensor, Tensor]:
    """Cost [N, K, h, w] of one view against each neighbor, and whether the neighbor sees the point."""
    height, width = images.shape[1:3]
    other = pairs.other[view]
    rotated = torch.einsum("nij,hwj->nhwi", pairs.rotation[view], unit_rays(pairs.intrinsics[view], height, width))
    points = rotated[:, None] * distances[:, None, None, None] + pairs.translation[view][:, None, None, None]
    focal, center = pairs.intrinsics[other][:, None, None, None].split(2, -1)
    place = points[..., :2] / points[..., 2:].clamp(min=NEAREST) * focal + center  # [N, K, h, w, 2]
    grid = place / place.new_tensor([width, height]) * 2 - 1
    seen = (points[..., 2] > NEAREST) & (grid.abs() < 1).all(-1)
    found = F.grid_sample(images[other].permute(0, 3, 1, 2), grid.flatten(1, 2), padding_mode="border", align_corners=False)
    found = found.unflatten(2, (-1, height))  # [N, 3, K, h, w]
    difference = (found - images[view].permute(2, 0, 1)[:, None]).abs().mean(1)
    return (difference / tolerance).clamp(max=1), seen


def _summary(cost: Tensor, seen: Tensor, unseen: float) -> Tensor:
    """Means [h, w, 2, K] over all neighbors that see the point, and over the better half of the neighbors."""
    half = (len(cost) + 1) // 2
    sorted_cost, order = torch.where(seen, cost, torch.inf).sort(0)
    counted = seen.gather(0, order)
    means = [_mean(sorted_cost[:count], counted[:count], unseen) for count in (len(cost), half)]
    return torch.stack(means).permute(2, 3, 0, 1)


def _mean(cost: Tensor, counted: Tensor, unseen: float) -> Tensor:
    count = counted.sum(0)
    total = torch.where(counted, cost, 0).sum(0)
    return torch.where(count > 0, total / count.clamp(min=1), unseen)
