# SPDX-License-Identifier: GPL-3.0-or-later
"""A plane sweep: what a pixel would look like in other photos if its surface stood at each of several distances.

The result is evidence, not a depth map: the network weighs it. Photos are compared at half their size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from . import cpu, reference
from .pairs import pair_up

SHRINK = 2  # pixels of a photo, along each side, in a cell of the comparison
TOLERANCE = 0.3  # difference of colors, 0 to 1, beyond which all are equally wrong
UNSEEN = 0.6  # cost where no other photo looks


def match(
    images: Tensor,  # [V, H, W, 3] float32, 0 to 1; H and W even
    c2w: Tensor,  # [V, 4, 4] float32, OpenCV
    intrinsics: Tensor,  # [V, 4], fx fy cx cy in pixels
    distances: Tensor,  # [K], along the unit ray, in the units of the poses
    neighbors: int = 4,
    backend: str = "auto",
    on_view: Callable[[int], None] = lambda view: None,
) -> Iterator[Tensor]:
    """For every view the costs [H/2, W/2, 2, K] of each distance in every cell, 0 (the same color) to 1; not differentiable.

    The first of two is the mean over the nearest views that see the point, the second the mean over the better half of
    them, which forgives occlusion. `backend` is "cpu" (numba), "reference" (torch, any device) or "auto". `on_view` is called
    before each view, and may raise to stop.
    """
    small = F.avg_pool2d(images.permute(0, 3, 1, 2), SHRINK).permute(0, 2, 3, 1).contiguous()
    pairs = pair_up(c2w, intrinsics / SHRINK, neighbors)
    name = backend if backend != "auto" else "reference" if images.is_cuda else "cpu"
    compare = {"cpu": cpu.compare, "reference": reference.compare}[name]
    for view in range(len(images)):
        on_view(view)
        yield smooth(compare(view, small, pairs, distances, TOLERANCE, UNSEEN)[None])[0]


def smooth(costs: Tensor) -> Tensor:
    """Means over 3×3 cells of costs [V, h, w, 2, K]: single pixels say little."""
    planes = costs.flatten(3).permute(0, 3, 1, 2)
    mean = F.avg_pool2d(planes, 3, stride=1, padding=1, count_include_pad=False)
    return mean.permute(0, 2, 3, 1).unflatten(-1, costs.shape[3:]).contiguous()


def split_range(near: float, far: float, count: int, device: str | torch.device = "cpu") -> Tensor:
    """Distances [count] in the middle of as many equal ratios between near and far."""
    share = (torch.arange(count, device=device) + 0.5) / count
    return near * (far / near) ** share
