# SPDX-License-Identifier: GPL-3.0-or-later
"""A backdrop: large splats behind everything that was found, so that gaps between splats show colors of their surroundings.

Skies and blank walls have no distance that matching could find, and edges of photos leave gaps; without a backdrop, both would
be empty.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..gaussians.gaussians import SH_DC, Gaussians
from ..geometry.rays import world_rays
from ..kernels import torch_in_order
from .depth import FARTHEST, Views, quantile
from .patches import patches

BEHIND = 2.0  # distance of the backdrop relative to the scene's far end, of the border to the backdrop
PREFERENCE = 4  # a pixel counts by its distance to this power
OPACITY = 0.9
DEVIATION = 0.7  # standard deviation of a splat, relative to its area's side
MARGIN = 0.5  # width of the border beside the photos, relative to their size
COARSE = 2  # patches along the side of a splat of the border; those behind the photos cover one
WHITE = 0.98  # the color of removed backgrounds, of which no backdrop is made


@torch_in_order()
def backdrop(
    views: Views,
    log_distance: Tensor,  # [T, p·p], of the pixels of all patches
    patch: int,  # p
    terms: int = 1,  # of the spherical harmonics
) -> Gaussians[Tensor]:
    """Splats in the colors of the distant pixels around: behind every patch, and in a border beside the photos; no gradients."""
    images, c2w, intrinsics = views
    log_distance = log_distance.detach().float()
    far = quantile(log_distance, FARTHEST).exp() * BEHIND
    weights = (log_distance.exp() / far).clamp(max=1) ** PREFERENCE
    colors = patches(images[None], patch)[0].unflatten(-1, (-1, 3))  # [T, p·p, 3]
    sums = torch.cat([(colors * weights[..., None]).sum(1), weights.sum(1, keepdim=True)], -1)
    rows, columns = (side // patch for side in images.shape[1:3])
    sums = _blurred(sums.view(len(images), rows, columns, 4).permute(0, 3, 1, 2))
    cells = sums[:, :3] / sums[:, 3:]  # [V, 3, h, w]
    lens = intrinsics / patch
    behind = _splats(cells, c2w, lens, far, terms)
    coarse = F.avg_pool2d(cells, COARSE, ceil_mode=True)
    height, width = coarse.shape[2:]
    up, across = round(MARGIN * height), round(MARGIN * width)
    border = _blurred(F.pad(coarse, (across, across, up, up), mode="replicate"))
    border[:, :, up : up + height, across : across + width] = 1.0  # left out like a removed background
    shifted = lens / COARSE + lens.new_tensor([0, 0, across, up])
    return with_backdrop(behind, _splats(border, c2w, shifted, far * BEHIND, terms))


def with_backdrop(splats: Gaussians[Tensor], behind: Gaussians[Tensor]) -> Gaussians[Tensor]:
    """Splats, then those behind them, with as many terms of spherical harmonics."""
    arrays = behind.arrays()
    joined = {name: torch.cat([array, arrays[name]]) for name, array in splats.arrays().items()}
    return Gaussians(**joined, antialiased=splats.antialiased)


def _blurred(cells: Tensor) -> Tensor:
    return F.avg_pool2d(cells, 3, stride=1, padding=1, count_include_pad=False)


def _splats(colors: Tensor, c2w: Tensor, intrinsics: Tensor, distance: Tensor, terms: int) -> Gaussians[Tensor]:
    """A splat for every cell that is not white: colors [V, 3, h, w], intrinsics [V, 4] for these cells."""
    colors = colors.permute(0, 2, 3, 1)
    wanted = colors.amin(-1) < WHITE
    origins, directions = world_rays(c2w, intrinsics, *colors.shape[1:3])
    depth = distance * (directions * c2w[:, None, None, :3, 2]).sum(-1)
    sizes = (DEVIATION * depth / intrinsics[:, None, None, 0])[wanted]
    constant = ((colors[wanted] - 0.5) / SH_DC)[:, None]
    return Gaussians(
        means=(origins + distance * directions)[wanted],
        quats=constant.new_tensor([1, 0, 0, 0]).repeat(len(sizes), 1),
        scales=sizes[:, None].repeat(1, 3),
        opacities=torch.full_like(sizes, OPACITY),
        sh=F.pad(constant, (0, 0, 0, terms - 1)),
    )
