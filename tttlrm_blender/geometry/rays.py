# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays through pixels: the one place where intrinsics become directions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def pixel_centers(
    height: int,
    width: int,
    like: Tensor,  # gives the type and the device
) -> Tensor:  # [H, W, 2]
    """Coordinates x and y of an image's pixel centers, in pixels."""
    x = torch.arange(width, dtype=like.dtype, device=like.device) + 0.5
    y = torch.arange(height, dtype=like.dtype, device=like.device) + 0.5
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)


def camera_rays(
    pixels: Tensor,  # [..., 2], x and y in pixels
    intrinsics: Tensor,  # [..., 4], fx fy cx cy in pixels
) -> Tensor:  # [..., 3]
    """Directions through points of an image in camera axes (OpenCV), with z = 1. The two arguments broadcast."""
    flat = (pixels - intrinsics[..., 2:]) / intrinsics[..., :2]
    return torch.cat([flat, torch.ones_like(flat[..., :1])], -1)


def unit_rays(
    intrinsics: Tensor,  # [..., 4], fx fy cx cy in pixels
    height: int,
    width: int,
) -> Tensor:  # [..., H, W, 3]
    """Unit directions through the pixel centers in camera axes."""
    return F.normalize(camera_rays(pixel_centers(height, width, intrinsics), intrinsics[..., None, None, :]), dim=-1)


def world_rays(
    c2w: Tensor,  # [..., 4, 4], OpenCV axes
    intrinsics: Tensor,  # [..., 4], fx fy cx cy in pixels
    height: int,
    width: int,
) -> tuple[Tensor, Tensor]:  # [..., H, W, 3] each
    """Origins and unit directions of the rays through the pixel centers in the world."""
    local = camera_rays(pixel_centers(height, width, c2w), intrinsics[..., None, None, :])
    directions = F.normalize(torch.einsum("...ij,...hwj->...hwi", c2w[..., :3, :3], local), dim=-1)
    return c2w[..., None, None, :3, 3].expand_as(directions), directions
