# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface that splats show: median depth and normals, as the mean depth is spoiled by haze in front of surfaces.

A ray's median splat is the one at which half of its light is absorbed. The ray meets that splat where the splat's density along
it is largest (as in Gaussian Opacity Fields, Yu et al. 2024), and its thinnest axis is the normal. Which splat it is has no
gradient; depth and normal have those of its center, rotation and scales.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch

from ..gaussians.gaussians import Gaussians
from ..geometry.rays import camera_rays, pixel_centers
from . import cuda, reference
from .convention import Views
from .cpu import functions as cpu
from .webgpu import functions as webgpu

Found = TypeVar("Found")
Medians = Callable[[Gaussians[torch.Tensor], Views, tuple[int, int]], torch.Tensor]
MEDIANS: dict[str, Medians] = {"cpu": cpu.medians, "cuda": cuda.medians, "reference": reference.medians, "webgpu": webgpu.medians}

REACH = 3.0  # standard deviations along the camera's axis within which a ray meets a splat, as rays along a flat one miss it
THINNEST = 1e-6  # of a splat's axes relative to its largest


@dataclass(frozen=True)
class Surface:
    """What half of the light along rays is absorbed by, in V views. All 0, and −1, where more than half passes."""

    depth: torch.Tensor  # [V, H, W], z depth in world units
    normal: torch.Tensor  # [V, H, W, 3], unit, in the world, to the camera's side
    splat: torch.Tensor  # [V, H, W] int64, the median splat


def on_adapter(functions: dict[str, Callable[..., Found]], backend: str) -> Callable[..., Found]:
    """The function of a back end; the part of its name behind a colon names one of the GPUs."""
    kind, _, name = backend.partition(":")
    return partial(functions[kind], name=name) if name else functions[kind]


def surface_of(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int], backend: str) -> Surface:
    """The surface of splats in pictures of a size (width, height), by the name of a back end; see `rasterize`."""
    splat = on_adapter(MEDIANS, backend)(gaussians, views, size).to(gaussians.means.device)
    parts = [_meetings(gaussians, views, view, splat[view]) for view in range(len(views))]
    depth, normal = (torch.stack(arrays) for arrays in zip(*parts, strict=True))
    return Surface(depth, normal, splat)


def _meetings(
    gaussians: Gaussians[torch.Tensor],
    views: Views,
    view: int,
    splat: torch.Tensor,  # [H, W]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Depth [H, W] and normal [H, W, 3] where the rays of a view meet one splat each; 0 for the splat −1.

    With the ray d and the center p in the splat's axes divided by its scales, the density is largest at d · p / d · d.
    """
    rotation, center, lens = (
        torch.as_tensor(array[view]).to(gaussians.means) for array in (views.rotations, views.centers, views.intrinsics)
    )
    hit = splat >= 0
    rays = camera_rays(pixel_centers(splat.shape[0], splat.shape[1], gaussians.means), lens)[hit]
    chosen = splat[hit]
    turns, scales = rotation @ reference.rotations(gaussians.quats[chosen]), gaussians.scales[chosen]
    centers = (gaussians.means[chosen] - center) @ rotation.T
    widths = scales.clamp(min=THINNEST * scales.amax(-1, keepdim=True))
    d, p = (torch.einsum("nij,ni->nj", turns, vector) / widths for vector in (rays, centers))
    reach = REACH * (turns[:, 2] * scales).norm(dim=-1)
    z = centers[:, 2]
    meeting = ((d * p).sum(-1) / (d * d).sum(-1)).clamp(z - reach, z + reach)
    axis = turns[torch.arange(len(turns)), :, scales.argmin(-1)]
    facing = torch.where((axis * rays).sum(-1, keepdim=True) > 0, -axis, axis) @ rotation
    depth, normal = rays.new_zeros(splat.shape), rays.new_zeros(*splat.shape, 3)
    return depth.masked_scatter(hit, meeting), normal.masked_scatter(hit[..., None], facing)
