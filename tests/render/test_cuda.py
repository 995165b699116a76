# SPDX-License-Identifier: GPL-3.0-or-later
"""gsplat against the CPU back end: the same pictures and gradients."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import Rendering, cuda, rasterize

from .scenes import random_splats, ring


def differentiate(gaussians: Gaussians, cameras: Cameras, device: str) -> tuple[Rendering, dict[str, torch.Tensor]]:
    """A rendering on a device, and the gradients of a smooth function of its pictures."""
    leaves = gaussians.map(lambda tensor: tensor.detach().to(device).requires_grad_())
    rendering = rasterize(leaves, cameras, tuple(cameras.sizes[0]), background=(0.2, 0.5, 0.9))
    rendering.means2d.retain_grad()
    (rendering.rgb.square().sum() + 0.1 * rendering.depth.sum() + rendering.alpha.square().sum()).backward()
    gradients = {name: tensor.grad.cpu() for name, tensor in leaves.arrays().items()}
    return rendering, gradients | {"means2d": rendering.means2d.grad.cpu()}


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("degree", [0, 3])
def test_gsplat_and_cpu_agree(degree: int, antialiased: bool) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    pytest.importorskip("gsplat", reason="gsplat is not installed")
    splats, cameras = replace(random_splats(500, degree), antialiased=antialiased), ring(2, (120, 90))
    gpu, gpu_gradients = differentiate(splats, cameras, "cuda")
    cpu, cpu_gradients = differentiate(splats, cameras, "cpu")
    for name in ("rgb", "depth", "alpha"):
        torch.testing.assert_close(getattr(gpu, name).cpu(), getattr(cpu, name), atol=2e-3, rtol=2e-3)
    for name, gradient in cpu_gradients.items():
        assert (gpu_gradients[name] - gradient).norm() < 0.01 * gradient.norm(), name


def test_no_splats_are_an_empty_drawing_with_gradients() -> None:
    splats, cameras = random_splats(3)[:0].map(torch.Tensor.requires_grad_), ring(2)
    drawing = cuda.nothing(splats, len(cameras), (45, 37))
    expected = rasterize(splats, cameras, (45, 37))
    for name in ("rgb", "depth", "alpha", "means2d", "radii"):
        torch.testing.assert_close(getattr(drawing, name), getattr(expected, name))
    drawing.rgb.sum().backward()
    assert all(array.grad is not None for array in splats.arrays().values())
