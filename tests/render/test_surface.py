# SPDX-License-Identifier: GPL-3.0-or-later
"""Median depth and normals: the numba back end against the plain formulas, and both against known surfaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.rays import world_rays
from tttlrm_blender.render import cuda, rasterize
from tttlrm_blender.render.surface import Surface

from .scenes import SIZE, random_splats, ring


def surface(splats: Gaussians, views: int = 1, backend: str = "auto") -> Surface:
    found = rasterize(splats, ring(views), SIZE, backend=backend, surface=True).surface
    assert found
    return found


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("scale", [0.3, 0.06])
def test_back_ends_agree(scale: float, antialiased: bool) -> None:
    splats = replace(random_splats(300, 0, scale=scale), antialiased=antialiased)
    fast = surface(splats, 2)
    plain = surface(splats.map(torch.Tensor.double), 2, "reference")
    same = fast.splat == plain.splat
    assert same.float().mean() > 0.999 and (fast.splat >= 0).float().mean() > 0.01  # rounding decides on the verge of half
    torch.testing.assert_close(fast.depth[same].double(), plain.depth[same], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(fast.normal[same].double(), plain.normal[same], rtol=1e-4, atol=1e-4)


def disks(z: float, opacity: float) -> Gaussians:
    """Splats that cover a tilted plane densely, through the point z on the first camera's axis."""
    across = torch.linspace(-1.5, 1.5, 40)
    x, y = (grid.reshape(-1) for grid in torch.meshgrid(across, across, indexing="ij"))
    tilt = torch.tensor([np.cos(0.3), 0, -np.sin(0.3), 0])  # around y, so that the depth grows along x
    means = torch.stack([x * np.cos(0.6), y, x * np.sin(0.6) + z], -1)
    count = len(means)
    return Gaussians(
        means.float(),
        tilt.float().expand(count, 4),
        torch.tensor([0.1, 0.1, 0.001]).expand(count, 3),
        torch.full((count,), opacity),
        torch.zeros(count, 1, 3),
    )


def test_finds_a_tilted_plane_behind_haze() -> None:
    plane, haze = disks(0.0, 0.9), disks(-1.5, 0.02)
    both = Gaussians(*(torch.cat([a, b]) for a, b in zip(plane.arrays().values(), haze.arrays().values(), strict=True)))
    cameras = ring(1)
    found = surface(both)
    origins, directions = world_rays(torch.from_numpy(cameras.c2w), torch.from_numpy(cameras.intrinsics), SIZE[1], SIZE[0])
    normal = torch.tensor([np.sin(0.6), 0, -np.cos(0.6)])
    exact = -(origins[0] @ normal) / (directions[0] @ normal) * directions[0, ..., 2]
    middle = np.s_[10:27, 12:33]
    assert (found.depth[0] - exact)[middle].abs().max() < 0.01
    assert (found.normal[0].double() @ normal)[middle].min() > 0.999
    drawn = rasterize(both, cameras, SIZE)
    assert drawn.surface is None and (drawn.depth[0] - exact)[middle].abs().mean() > 0.2


def test_nothing_where_more_than_half_passes() -> None:
    for splats in (disks(0.0, 0.05), random_splats(3)[:0]):
        found = surface(splats)
        assert (found.splat == -1).all() and not found.depth.any() and not found.normal.any()


def test_gradients_are_those_of_the_meeting() -> None:
    splats = random_splats(40, 0, scale=0.3).map(lambda tensor: tensor.double().requires_grad_())
    found = surface(splats, backend="reference")
    (found.depth.sum() + found.normal[..., 0].sum()).backward()
    for name in ("means", "quats", "scales"):
        gradient = getattr(splats, name).grad
        assert gradient is not None and torch.isfinite(gradient).all() and gradient.any(), name
    index = int(found.splat[found.splat >= 0][0])
    step = 1e-6
    moved = splats.means.detach().clone()
    moved[index, 2] += step
    shifted = surface(replace(splats.map(torch.Tensor.detach), means=moved), backend="reference")
    assert (shifted.splat == found.splat).all()
    slope = (shifted.depth.sum() + shifted.normal[..., 0].sum() - found.depth.sum() - found.normal[..., 0].sum()) / step
    torch.testing.assert_close(splats.means.grad[index, 2], slope.detach(), rtol=1e-3, atol=1e-5)


def test_halvings_of_lists() -> None:
    """What CUDA does with gsplat's lists: the contribution that takes each pixel's light to half."""
    pixels = torch.tensor([0, 0, 0, 2, 3, 3, 3])
    alphas = torch.tensor([0.3, 0.3, 0.3, 0.4, 0.6, 0.5, 0.5])
    assert cuda.halvings(pixels, alphas).tolist() == [False, True, False, False, True, False, False]
    assert cuda.halvings(pixels[:0], alphas[:0]).tolist() == []
