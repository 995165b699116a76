# SPDX-License-Identifier: GPL-3.0-or-later
"""A plane sweep: the color of each pixel compared with other photos as if its surface were at each of several distances.

The result is a cost volume, not a depth map: the network interprets it. Photos are compared at half their size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from . import sweep_cpu, sweep_reference
from .pairs import pair_up

SHRINK = 2  # side of a cell, in pixels of a photo
TOLERANCE = 0.3  # difference of colors, 0 to 1, beyond which the cost stays the same
UNSEEN = 0.6  # cost where no other photo sees the point


def match(
    images: Tensor,  # [V, H, W, 3] float32, 0 to 1; H and W even
    c2w: Tensor,  # [V, 4, 4] float32, OpenCV
    intrinsics: Tensor,  # [V, 4], fx fy cx cy in pixels
    distances: Tensor,  # [K], along the unit ray, in the units of the poses
    neighbors: int = 4,
    backend: str = "auto",
    on_view: Callable[[int], None] = lambda view: None,
) -> Iterator[Tensor]:
    """Yield the cost volume [H/2, W/2, 2, K] of each view: every distance in every cell, 0 (same color) to 1; no gradients.

    The first of the two costs is the mean over the nearest views that see the point, the second the mean over the better
    half of them, which is robust to occlusion. `backend` is "cpu" (numba), "reference" (torch, any device) or "auto".
    `on_view` is called before each view, and may raise to stop.
    """
    small = F.avg_pool2d(images.permute(0, 3, 1, 2), SHRINK).permute(0, 2, 3, 1).contiguous()
    pairs = pair_up(c2w, intrinsics / SHRINK, neighbors)
    name = backend if backend != "auto" else "reference" if images.is_cuda else "cpu"
    compare = {"cpu": sweep_cpu.compare, "reference": sweep_reference.compare}[name]
    for view in range(len(images)):
        on_view(view)
        yield smooth(compare(view, small, pairs, distances, TOLERANCE, UNSEEN)[None])[0]


def smooth(costs: Tensor) -> Tensor:
    """Means over 3×3 cells of costs [V, h, w, 2, K]: those of single cells are noisy."""
    planes = costs.flatten(3).permute(0, 3, 1, 2)
    mean = F.avg_pool2d(planes, 3, stride=1, padding=1, count_include_pad=False)
    return mean.permute(0, 2, 3, 1).unflatten(-1, costs.shape[3:]).contiguous()


def split_range(near: float, far: float, count: int, device: str | torch.device = "cpu") -> Tensor:
    """Distances [count] at the centers of as many logarithmically equal steps from near to far."""
    share = (torch.arange(count, device=device) + 0.5) / count
    return near * (far / near) ** share
