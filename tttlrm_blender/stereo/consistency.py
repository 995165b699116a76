# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of depth maps: a surface counts where other photos, matched on their own, have it in the same place."""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry.rays import camera_rays, pixel_centers

TOLERANCE = 0.01  # relative difference of depths that agree
CONFIRMING = 2  # photos that must agree


def confirmed(
    view: int,
    others: list[int],
    planes: Tensor,  # [V, h, w, 3] float32, of every view in its camera axes
    c2w: Tensor,  # [V, 4, 4] float64
    intrinsics: Tensor,  # [V, 4] float64, fx fy cx cy in pixels
) -> tuple[Tensor, Tensor]:  # [h, w] each
    """The inverse depths of a view's pixels averaged with those of the neighbors that agree, and the number of these.

    A neighbor's plane, where it sees the pixel's point, is cut with the pixel's ray.
    """
    height, width = planes.shape[1:3]
    pixels = pixel_centers(height, width, planes)
    rays = camera_rays(pixels, intrinsics[view].to(planes))
    own = (planes[view] * rays).sum(-1)
    points = rays / own[..., None]
    total, count = own.clone(), torch.zeros_like(own)
    for other in others:
        world = (c2w[other].inverse() @ c2w[view]).to(planes)
        turn, shift = world[:3, :3], world[:3, 3]
        seen = points @ turn.T + shift
        focal, center = intrinsics[other].to(planes).split(2)
        column, row = (seen[..., :2] / seen[..., 2:] * focal + center).unbind(-1)
        inside = (seen[..., 2] > 0) & (column >= 0) & (row >= 0) & (column < width) & (row < height)
        at = [place.nan_to_num().clamp(0, most - 1).long() for place, most in ((row, height), (column, width))]
        theirs = planes[other][at[0], at[1]]
        inverse = ((theirs @ turn) * rays).sum(-1) / (1 - theirs @ shift)
        agree = inside & ((inverse - own).abs() < TOLERANCE * own)
        total += torch.where(agree, inverse, 0)
        count += agree
    return total / (1 + count), count


def confidence_of(count: Tensor) -> Tensor:
    """From 0 for fewer than two photos that agree over 1/2 for two to 1 for many."""
    return torch.where(count >= CONFIRMING, 1 - 2.0 ** (CONFIRMING - 1 - count), 0)
