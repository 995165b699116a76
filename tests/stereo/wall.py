# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of a textured wall."""

import math

import torch

from tttlrm_blender.geometry.rays import unit_rays

WALL = 3.0  # z of a textured wall that all cameras face


def turned(angle: float) -> torch.Tensor:
    """The rotation of a camera about its y axis."""
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def cameras(seed: int, views: int) -> torch.Tensor:
    """Poses [V, 4, 4] near the origin that look at the wall, more or less."""
    generator = torch.Generator().manual_seed(seed)
    c2w = torch.eye(4).repeat(views, 1, 1)
    c2w[:, :3, 3] = (torch.rand(views, 3, generator=generator) - 0.5) * torch.tensor([1.5, 1.5, 0.5])
    c2w[:, :3, :3] = torch.stack([turned(float(angle)) for angle in 0.4 * (torch.rand(views, generator=generator) - 0.5)])
    return c2w


def intrinsics_of(views: int, height: int, width: int) -> torch.Tensor:
    """The same [V, 4] for all views."""
    return torch.tensor([[0.9 * width, 0.9 * width, width / 2, height / 2]]).repeat(views, 1)


def wall_photos(c2w: torch.Tensor, intrinsics: torch.Tensor, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures [V, H, W, 3] of the wall, and the distance [V, H, W] of its points along the rays."""
    pictures, distances = [], []
    for pose, lens in zip(c2w, intrinsics, strict=True):
        directions = unit_rays(lens, height, width) @ pose[:3, :3].T
        distance = (WALL - pose[2, 3]) / directions[..., 2]
        x, y, _ = (pose[:3, 3] + distance[..., None] * directions).unbind(-1)
        waves = [torch.sin(7 * x + 3 * y), torch.sin(5 * y - 4 * x + 1), torch.sin(9 * x) * torch.sin(8 * y)]
        pictures.append(0.5 + 0.4 * torch.stack(waves, -1))
        distances.append(distance)
    return torch.stack(pictures), torch.stack(distances)
