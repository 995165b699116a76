# SPDX-License-Identifier: GPL-3.0-or-later
"""PatchMatch stereo: for each pixel of a photo the plane that matches its neighbors best, from coarse to fine.

Planes spread from pixel to pixel and are changed at random (Bleyer et al. 2011), on a checkerboard, so that all pixels of one
color are independent (Galliani et al. 2015). Each pixel chooses the neighbors that count.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from . import patchmatch_cpu, patchmatch_reference
from .matching import Search, match_views

DEPTHS = 32  # tried on the coarsest scale
BEST = 3  # neighbors that count
# For each scale, from coarse to fine, the size relative to the photos, and its passes over the checkerboard.
SCALES: list[tuple[float, list[Search]]] = [
    (0.25, [Search(step, 0.1 * 0.6**step, 0.6 * 0.7**step, BEST, step < 3) for step in range(5)]),
    (0.5, [Search(10 + step, 0.01 * 0.5**step, 0.2 * 0.7**step, BEST, False) for step in range(3)]),
    (1.0, [Search(20 + step, 0.003 * 0.4**step, 0.1 * 0.5**step, BEST, False) for step in range(2)]),
]
Pyramid = list[tuple[Tensor, Tensor]]  # photos [V, h, w] and intrinsics [V, 4] of each scale


def pyramid(images: Tensor, intrinsics: Tensor) -> Pyramid:
    """Brightness of images [V, H, W, 3], and their intrinsics [V, 4], at every scale."""
    height, width = images.shape[1:3]
    gray = images.mean(-1)[:, None]
    levels = []
    for scale, _ in SCALES:
        size = max(2, round(height * scale)), max(2, round(width * scale))
        ratio = torch.tensor([size[1] / width, size[0] / height] * 2, dtype=intrinsics.dtype)
        small = gray if size == (height, width) else F.interpolate(gray, size, mode="area")
        levels.append((small[:, 0].contiguous(), intrinsics * ratio))
    return levels


def match_view(
    view: int, others: list[int], levels: Pyramid, c2w: Tensor, near: float, far: float, listen: Callable[[], None]
) -> tuple[Tensor, Tensor]:
    """The planes [H, W, 3] of a view in its camera axes, and their costs [H, W]; poses [V, 4, 4] are float64."""
    program = patchmatch_reference if levels[0][0].is_cuda else patchmatch_cpu
    planes = costs = torch.empty(0)
    for (photos, intrinsics), (_, searches) in zip(levels, SCALES, strict=True):
        matching = match_views(view, others, photos, c2w, intrinsics)
        best = min(BEST, len(others))
        if not len(planes):
            inverse = torch.linspace(1 / far, 1 / near, DEPTHS, device=photos.device)
            planes, costs = program.sweep(matching, inverse, best)
        else:
            planes, costs = _enlarged(planes, photos.shape[1:]), _enlarged(costs[..., None], photos.shape[1:])[..., 0]
        for search in searches:
            for parity in (0, 1):
                listen()
                program.improve(matching, planes, costs, parity, search._replace(best=best))
    return planes, costs


def _enlarged(values: Tensor, size: torch.Size) -> Tensor:
    """Values [h, w, C] at the nearest pixels of a larger size."""
    return F.interpolate(values.permute(2, 0, 1)[None], tuple(size), mode="nearest-exact")[0].permute(1, 2, 0).contiguous()
