# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of pictures of splats with every back end."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import rasterize

from .scenes import SIZE, differentiate, random_splats, ring

BACKENDS = ("cpu", "reference")
FOCAL = 50.0


def frontal() -> Cameras:
    """One camera at the origin, looking along z."""
    return Cameras(np.eye(4)[None], np.array([[FOCAL, FOCAL, 22.5, 18.5]]), np.array([SIZE]))


def single(depth: float = 2.0, sigma: float = 0.2, opacity: float = 0.8, color: tuple[float, ...] = (0.9, 0.5, 0.1)) -> Gaussians:
    """One round splat straight ahead."""
    return Gaussians(
        means=torch.tensor([[0.0, 0.0, depth]]),
        quats=torch.tensor([[1.0, 0, 0, 0]]),
        scales=torch.full((1, 3), sigma),
        opacities=torch.tensor([opacity]),
        sh=(torch.tensor(color).reshape(1, 1, 3) - 0.5) / SH_DC,
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_round_splat(backend: str) -> None:
    """The picture of one round splat is known: a Gaussian of variance (f sigma / z)² + 0.3 around the pixel (cx, cy)."""
    rendering = rasterize(single(), frontal(), SIZE, backend=backend)
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5 - 22.5, np.arange(SIZE[1]) + 0.5 - 18.5)
    alpha = 0.8 * np.exp(-(x * x + y * y) / 2 / ((FOCAL * 0.2 / 2) ** 2 + 0.3))
    alpha[alpha < 1 / 255] = 0
    np.testing.assert_allclose(rendering.alpha[0], alpha, atol=2e-6)
    np.testing.assert_allclose(rendering.rgb[0], alpha[..., None] * [0.9, 0.5, 0.1], atol=2e-6)
    np.testing.assert_allclose(rendering.depth[0], np.where(alpha > 0, 2.0, 0.0), atol=1e-4)
    np.testing.assert_allclose(rendering.means2d[0, 0], [22.5, 18.5], atol=1e-5)
    assert rendering.radii[0, 0] == math.ceil(math.sqrt(2 * math.log(255 * 0.8)) * math.sqrt(25.3))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("sigma", [0.2, 0.02, 0.002])
def test_antialiased_splats_keep_their_light(backend: str, sigma: float) -> None:
    """What a splat covers in pixels is what it covers in space, however small it is: its peak falls as it is widened."""
    splat = replace(single(sigma=sigma), antialiased=True)
    rendering = rasterize(splat, frontal(), SIZE, backend=backend)
    variance = (FOCAL * sigma / 2) ** 2
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5 - 22.5, np.arange(SIZE[1]) + 0.5 - 18.5)
    alpha = 0.8 * variance / (variance + 0.3) * np.exp(-(x * x + y * y) / 2 / (variance + 0.3))
    alpha[alpha < 1 / 255] = 0
    np.testing.assert_allclose(rendering.alpha[0], alpha, atol=2e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_nearer_splat_hides_the_other(backend: str) -> None:
    near, far = single(2.0, 1.0, 0.75, (1.0, 0, 0)), single(4.0, 2.0, 0.5, (0, 0, 1.0))
    both = Gaussians(*(torch.cat([b, a]) for a, b in zip(near.arrays().values(), far.arrays().values(), strict=True)))
    rendering = rasterize(both, frontal(), SIZE, background=(0, 1, 0), backend=backend)
    np.testing.assert_allclose(rendering.rgb[0, 18, 22], [0.75, 0.125, 0.125], atol=1e-4)
    np.testing.assert_allclose(rendering.depth[0, 18, 22], (0.75 * 2 + 0.125 * 4) / 0.875, atol=1e-4)
    np.testing.assert_allclose(rendering.alpha[0, 18, 22], 0.875, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_colors_do_not_go_below_black(backend: str) -> None:
    splat = single(color=(-0.4, 0.5, 2.0))
    rendering, gradients = differentiate(splat, frontal(), backend)
    assert rendering.rgb[..., 0].abs().max() == 0
    assert rendering.rgb[..., 2].max() > 1
    assert gradients["sh"][0, 0, 0] == 0
    assert gradients["sh"][0, 0, 2] != 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_near_plane(backend: str) -> None:
    assert rasterize(single(0.0099), frontal(), SIZE, backend=backend).radii[0, 0] == 0
    assert rasterize(single(0.0101), frontal(), SIZE, backend=backend).radii[0, 0] > 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_length_of_quaternions_does_not_matter(backend: str) -> None:
    splats = random_splats(20)
    longer = replace(splats, quats=splats.quats * 7)
    first, second = (rasterize(each, ring(1), SIZE, backend=backend).rgb for each in (splats, longer))
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-4)


def test_background_has_no_gradient() -> None:
    background = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
    rasterize(random_splats(5).map(torch.Tensor.requires_grad_), ring(1), SIZE, background).rgb.sum().backward()
    assert background.grad is None


@pytest.mark.parametrize("antialiased", [False, True])
def test_gradients_are_differences(antialiased: bool) -> None:
    """The reference's derivatives, in float64, are the limits of difference quotients."""
    splats = random_splats(3, 3, scale=0.4).map(torch.Tensor.double)
    cameras = ring(1, (5, 4))

    def pictures(*arrays: torch.Tensor) -> tuple[torch.Tensor, ...]:
        rendering = rasterize(Gaussians(*arrays, antialiased), cameras, (5, 4), backend="reference")
        return rendering.rgb, rendering.depth, rendering.alpha

    arrays = tuple(tensor.requires_grad_() for tensor in splats.arrays().values())
    assert torch.autograd.gradcheck(pictures, arrays, eps=1e-7, atol=1e-4, rtol=1e-3, fast_mode=True)


def test_cameras_are_stretched_to_the_size() -> None:
    splats, cameras = random_splats(30), ring(1)
    larger = (2 * SIZE[0], 2 * SIZE[1])
    expected = rasterize(splats, cameras.resized(*larger), larger)
    torch.testing.assert_close(rasterize(splats, cameras, larger).rgb, expected.rgb)


def test_views_are_independent() -> None:
    splats, cameras = random_splats(60), ring(3)
    together = rasterize(splats, cameras, SIZE).rgb
    alone = [rasterize(splats, cameras[[view]], SIZE).rgb[0] for view in range(3)]
    assert torch.equal(together, torch.stack(alone))


def test_unknown_backend() -> None:
    with pytest.raises(TttlrmError, match="no rasterizer called 'opengl'"):
        rasterize(random_splats(1), ring(1), SIZE, backend="opengl")


def test_cuda_is_asked_for_on_the_cpu() -> None:
    with pytest.raises(TttlrmError, match="not on a CUDA device"):
        rasterize(random_splats(1), ring(1), SIZE, backend="cuda")


def test_gsplat_is_not_loaded_without_need() -> None:
    rasterize(random_splats(1), ring(1), SIZE)
    assert "gsplat" not in sys.modules
