# SPDX-License-Identifier: GPL-3.0-or-later
"""Small random scenes for the tests of the rasterizer."""

from __future__ import annotations

import numpy as np
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import Rendering, rasterize

SIZE = (45, 37)  # neither side is a multiple of a tile's


def random_splats(count: int, degree: int = 3, seed: int = 0, scale: float = 0.15) -> Gaussians:
    """Splats in a cube of side 2 around the origin, float32."""
    source = torch.Generator().manual_seed(seed)
    return Gaussians(
        means=torch.rand(count, 3, generator=source) * 2 - 1,
        quats=torch.randn(count, 4, generator=source),
        scales=scale * (0.2 + torch.rand(count, 3, generator=source)),
        opacities=torch.rand(count, generator=source) * 0.98 + 0.01,
        sh=(torch.rand(count, (degree + 1) ** 2, 3, generator=source) - 0.5) * 0.8,
    )


def ring(views: int, size: tuple[int, int] = SIZE, distance: float = 3.0) -> Cameras:
    """Cameras that look at the origin from around it; the principal point is off the center."""
    c2w = np.tile(np.eye(4), (views, 1, 1))
    for view, angle in enumerate(0.7 * np.arange(views)):
        cos, sin = np.cos(angle), np.sin(angle)
        c2w[view, :3, :3] = [[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]
        c2w[view, :3, 3] = c2w[view, :3, :3] @ [0, 0, -distance]
    focal = 0.9 * size[0]
    lens = [focal, 1.1 * focal, size[0] / 2 + 0.3, size[1] / 2 - 0.4]
    return Cameras(c2w, np.tile(lens, (views, 1)), np.tile(size, (views, 1)))


def differentiate(gaussians: Gaussians, cameras: Cameras, backend: str, **options) -> tuple[Rendering, dict[str, torch.Tensor]]:
    """A rendering, and the gradients of a random linear function of its three pictures, `means2d` among them."""
    leaves = gaussians.map(lambda tensor: tensor.detach().clone().requires_grad_())
    rendering = rasterize(leaves, cameras, tuple(cameras.sizes[0]), backend=backend, **options)
    rendering.means2d.retain_grad()
    source = torch.Generator().manual_seed(1)
    pictures = (rendering.rgb, rendering.depth, rendering.alpha)
    loss = sum((torch.randn(picture.shape, generator=source).to(picture) * picture).sum() for picture in pictures)
    loss.backward()
    gradients = {name: tensor.grad for name, tensor in leaves.arrays().items()}
    return rendering, gradients | {"means2d": rendering.means2d.grad}
