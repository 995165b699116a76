# SPDX-License-Identifier: GPL-3.0-or-later
"""The numba back end against the plain formulas: values and gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import rasterize

from .scenes import SIZE, differentiate, random_splats, ring


def assert_same(gaussians: Gaussians, cameras: Cameras, tolerance: float = 1e-4, **options) -> None:
    """The CPU back end in float32 gives what the reference gives in float64."""
    fast, fast_gradients = differentiate(gaussians, cameras, "cpu", **options)
    slow, slow_gradients = differentiate(gaussians.map(torch.Tensor.double), cameras, "reference", **options)
    torch.testing.assert_close(fast.radii, slow.radii, rtol=0, atol=0)
    for name in ("rgb", "alpha", "depth", "means2d"):
        torch.testing.assert_close(
            getattr(fast, name).double(), getattr(slow, name), rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )
    for name, gradient in slow_gradients.items():
        difference = (fast_gradients[name].double() - gradient).norm() / gradient.norm().clamp(min=1e-6)
        assert difference < tolerance, name


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("views", [1, 3])
def test_values_and_gradients(degree: int, views: int) -> None:
    assert_same(random_splats(150, degree), ring(views), background=(0.2, 0.5, 0.9))


@pytest.mark.parametrize("scale", [0.15, 0.01, 1e-3])
def test_antialiased_splats(scale: float) -> None:
    """Splats of many pixels and of a fraction of one; at most thousandths of the peak are left of the smallest."""
    splats = random_splats(150, 2, scale=scale)
    assert_same(replace(splats, opacities=splats.opacities * 0.5 + 0.5, antialiased=True), ring(2))


@pytest.mark.parametrize("thin", [0.0, 1e-6, 1e-3])
def test_antialiased_disks_and_needles(thin: float) -> None:
    splats = random_splats(60, 1, scale=0.2)
    for axes in (torch.tensor([1, 1, thin]), torch.tensor([1, thin, thin])):
        assert_same(replace(splats, scales=splats.scales * axes, antialiased=True), ring(1), tolerance=5e-3)


def test_dense_scene_ends_early() -> None:
    """With thousands of opaque splats most pairs lie behind finished pixels."""
    splats = random_splats(1500, 0, scale=0.3)
    assert_same(replace(splats, opacities=splats.opacities * 0.5 + 0.5), ring(1), tolerance=1e-3)


def test_capped_opacity() -> None:
    splats = random_splats(40, 1)
    assert_same(replace(splats, opacities=torch.ones(40)), ring(1))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-4, 0.01, 0.1, 0.5]),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    antialiased=st.booleans(),
)
def test_any_scene_and_size(seed: int, scale: float, width: int, height: int, antialiased: bool) -> None:
    splats = replace(random_splats(30, 1, seed, scale), antialiased=antialiased)
    assert_same(splats, ring(1, (width, height)), tolerance=5e-3 if antialiased else 1e-3)


def test_among_the_splats() -> None:
    """Splats behind the camera, beside the picture, close to the near plane and larger than the view."""
    splats = random_splats(200, 2, scale=0.4)
    assert_same(replace(splats, means=splats.means * 3), ring(2, distance=0.5), tolerance=1e-3)


def test_lower_degree_than_stored() -> None:
    splats = random_splats(50, 3)
    cut = replace(splats, sh=splats.sh[:, :4])
    torch.testing.assert_close(rasterize(splats, ring(1), SIZE, sh_degree=1).rgb, rasterize(cut, ring(1), SIZE).rgb)
    _, gradients = differentiate(splats, ring(1), "cpu", sh_degree=1)
    assert gradients["sh"][:, :4].abs().max() > 0
    assert gradients["sh"][:, 4:].abs().max() == 0


@pytest.mark.parametrize("count", [0, 5])
def test_nothing_to_see(count: int) -> None:
    splats = random_splats(count)
    behind = replace(splats, means=splats.means - torch.tensor([0, 0, 50.0]))
    rendering, gradients = differentiate(behind, ring(2), "cpu", background=(0.1, 0.2, 0.3))
    assert torch.equal(rendering.rgb, torch.tensor([0.1, 0.2, 0.3]).expand(2, SIZE[1], SIZE[0], 3))
    assert rendering.alpha.abs().max() == rendering.depth.abs().max() == 0
    assert not rendering.radii.any()
    assert all(gradient.count_nonzero() == 0 for gradient in gradients.values())


@pytest.mark.parametrize("name", ["means", "quats", "scales", "opacities"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("antialiased", [False, True])
def test_broken_splats_leave_the_others_finite(name: str, value: float, antialiased: bool) -> None:
    """The gradients of other splats stay finite beside splats with NaN, zero scales or zero quaternions."""
    splats = random_splats(30, 1)
    broken = splats.arrays()[name].clone()
    broken[:3] = value
    rendering, gradients = differentiate(replace(splats, **{name: broken}, antialiased=antialiased), ring(1), "cpu")
    assert all(torch.isfinite(getattr(rendering, field)).all() for field in ("rgb", "depth", "alpha", "means2d"))
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())


@pytest.mark.parametrize("antialiased", [False, True])
def test_enormous_and_tiny_splats(antialiased: bool) -> None:
    splats = random_splats(12, 0)
    scales = torch.logspace(-12, 12, 12)[:, None].expand(12, 3)
    rendering, gradients = differentiate(replace(splats, scales=scales, antialiased=antialiased), ring(1), "cpu")
    assert torch.isfinite(rendering.rgb).all()
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())


def test_threads_do_not_change_the_result() -> None:
    splats, before = random_splats(400), torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            results.append(differentiate(splats, ring(2), "cpu"))
    finally:
        torch.set_num_threads(before)
    for rendering, gradients in results[1:]:
        assert torch.equal(rendering.rgb, results[0][0].rgb)
        assert all(torch.equal(gradient, results[0][1][name]) for name, gradient in gradients.items())


def test_many_equal_depths_keep_their_order() -> None:
    splats = random_splats(300, 0)
    flat = replace(splats, means=splats.means * torch.tensor([1.0, 1.0, 0.0]))
    assert_same(flat, ring(1))
