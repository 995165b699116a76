# SPDX-License-Identifier: GPL-3.0-or-later
"""The WebGPU back end against the plain formulas: values and gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.errors import Code, TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import rasterize
from tttlrm_blender.render.convention import Views
from tttlrm_blender.render.webgpu import Device, functions, open_device
from tttlrm_blender.render.webgpu.device import FLOAT_ATOMICS, SUBGROUPS
from tttlrm_blender.render.webgpu.rasterizer import Rasterizer, view_row

from ..scenes import SIZE, differentiate, random_splats, ring


@pytest.fixture
def backend(gpu: Device) -> str:
    return f"webgpu:{gpu.name}"


def assert_same(gaussians: Gaussians, cameras: Cameras, backend: str, tolerance: float = 1e-4, **options) -> None:
    """The back end in float32 gives what the reference gives in float64."""
    fast, fast_gradients = differentiate(gaussians, cameras, backend, **options)
    slow, slow_gradients = differentiate(gaussians.map(torch.Tensor.double), cameras, "reference", **options)
    torch.testing.assert_close(fast.radii, slow.radii, rtol=0, atol=0)
    for name in ("rgb", "alpha", "depth", "means2d"):
        torch.testing.assert_close(
            getattr(fast, name).double(), getattr(slow, name), rtol=1e-4, atol=3e-5, msg=lambda m, n=name: f"{n}: {m}"
        )
    for name, gradient in slow_gradients.items():
        difference = (fast_gradients[name].double() - gradient).norm() / gradient.norm().clamp(min=1e-6)
        assert difference < tolerance, name


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("views", [1, 3])
def test_values_and_gradients(backend: str, degree: int, views: int) -> None:
    assert_same(random_splats(150, degree), ring(views), backend, background=(0.2, 0.5, 0.9))


@pytest.mark.parametrize("without", [(FLOAT_ATOMICS,), (SUBGROUPS,), (FLOAT_ATOMICS, SUBGROUPS)], ids="-".join)
def test_devices_without_features(gpu: Device, backend: str, monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...]) -> None:
    poor = open_device(gpu.name, without=without)
    monkeypatch.setattr(functions, "shared_device", lambda name: poor)
    assert_same(random_splats(150, 1), ring(1), backend)


@pytest.mark.parametrize("scale", [0.15, 0.01, 1e-3])
def test_antialiased_splats(backend: str, scale: float) -> None:
    splats = random_splats(150, 2, scale=scale)
    assert_same(replace(splats, opacities=splats.opacities * 0.5 + 0.5, antialiased=True), ring(2), backend)


@pytest.mark.parametrize("thin", [0.0, 1e-6, 1e-3])
def test_antialiased_disks_and_needles(backend: str, thin: float) -> None:
    splats = random_splats(60, 1, scale=0.2)
    for axes in (torch.tensor([1, 1, thin]), torch.tensor([1, thin, thin])):
        some = replace(splats, scales=splats.scales * axes, antialiased=True)
        assert_same(some, ring(1), backend, tolerance=5e-3)


def test_dense_scene_ends_early(backend: str) -> None:
    """Most pairs lie behind finished pixels, and a tile has more than its threads load at once."""
    splats = random_splats(1500, 0, scale=0.3)
    assert_same(replace(splats, opacities=splats.opacities * 0.5 + 0.5), ring(1), backend, tolerance=1e-3)


def test_capped_opacity(backend: str) -> None:
    assert_same(replace(random_splats(40, 1), opacities=torch.ones(40)), ring(1), backend)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (16, 16), (17, 15), (300, 20)])
@pytest.mark.parametrize("scale", [1e-4, 0.1, 0.5])
def test_any_size(backend: str, size: tuple[int, int], scale: float) -> None:
    assert_same(random_splats(30, 1, scale=scale), ring(1, size), backend, tolerance=1e-3)


def test_among_the_splats(backend: str) -> None:
    """Splats behind the camera, beside the picture, close to the near plane and larger than the view."""
    splats = random_splats(200, 2, scale=0.4)
    assert_same(replace(splats, means=splats.means * 3), ring(2, distance=0.5), backend, tolerance=1e-3)


def test_many_equal_depths_keep_their_order(backend: str) -> None:
    splats = random_splats(300, 0)
    assert_same(replace(splats, means=splats.means * torch.tensor([1.0, 1.0, 0.0])), ring(1), backend)


def test_lower_degree_than_stored(backend: str) -> None:
    assert_same(random_splats(50, 3), ring(1), backend, sh_degree=1)


@pytest.mark.parametrize("count", [0, 5])
def test_nothing_to_see(backend: str, count: int) -> None:
    splats = random_splats(count)
    behind = replace(splats, means=splats.means - torch.tensor([0, 0, 50.0]))
    rendering, gradients = differentiate(behind, ring(2), backend, background=(0.1, 0.2, 0.3))
    assert torch.equal(rendering.rgb, torch.tensor([0.1, 0.2, 0.3]).expand(2, SIZE[1], SIZE[0], 3))
    assert rendering.alpha.abs().max() == rendering.depth.abs().max() == 0
    assert not rendering.radii.any()
    assert all(gradient.count_nonzero() == 0 for gradient in gradients.values())


@pytest.mark.parametrize("name", ["means", "quats", "scales", "opacities"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("antialiased", [False, True])
def test_broken_splats_leave_the_others_finite(backend: str, name: str, value: float, antialiased: bool) -> None:
    splats = random_splats(30, 1)
    broken = splats.arrays()[name].clone()
    broken[:3] = value
    rendering, gradients = differentiate(replace(splats, **{name: broken}, antialiased=antialiased), ring(1), backend)
    assert all(torch.isfinite(getattr(rendering, field)).all() for field in ("rgb", "depth", "alpha", "means2d"))
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())


@pytest.mark.parametrize("antialiased", [False, True])
def test_enormous_and_tiny_splats(backend: str, antialiased: bool) -> None:
    scales = torch.logspace(-12, 12, 12)[:, None].expand(12, 3)
    some = replace(random_splats(12, 0), scales=scales, antialiased=antialiased)
    rendering, gradients = differentiate(some, ring(1), backend)
    assert torch.isfinite(rendering.rgb).all()
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("scale", [0.3, 0.06])
def test_surfaces_are_those_of_the_formulas(backend: str, scale: float, antialiased: bool) -> None:
    splats = replace(random_splats(300, 0, scale=scale), antialiased=antialiased)
    fast = rasterize(splats, ring(2), SIZE, backend=backend, surface=True).surface
    plain = rasterize(splats.map(torch.Tensor.double), ring(2), SIZE, backend="reference", surface=True).surface
    assert fast and plain
    same = fast.splat == plain.splat
    assert same.float().mean() > 0.999 and (fast.splat >= 0).float().mean() > 0.01
    torch.testing.assert_close(fast.depth[same].double(), plain.depth[same], rtol=1e-4, atol=1e-4)


def test_bindings_that_hold_only_some_of_the_splats(gpu: Device, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 splats of degree 3 take 57,600 bytes, and are drawn in parts."""
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 40_000})
    monkeypatch.setattr(functions, "shared_device", lambda name: small)
    assert_same(random_splats(300, 3), ring(1), backend)


def test_more_tiles_than_bindings_can_list_are_a_sentence(gpu: Device, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 40_000})
    monkeypatch.setattr(functions, "shared_device", lambda name: small)
    with pytest.raises(TttlrmError, match="of which the GPU can list only 10,000") as caught:
        rasterize(random_splats(300, 0, scale=9.0), ring(1, (45, 200)), (45, 200), backend=backend)
    assert caught.value.code == Code.OUT_OF_MEMORY
    with pytest.raises(TttlrmError, match="The GPU allows arrays of 0 MB") as caught:
        rasterize(random_splats(5, 0), ring(1, (450, 370)), (450, 370), backend=backend)
    assert caught.value.code == Code.OUT_OF_MEMORY


def test_more_groups_of_tiles_than_one_dimension_has(gpu: Device, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = open_device(gpu.name, limits={"max-compute-workgroups-per-dimension": 4})
    monkeypatch.setattr(functions, "shared_device", lambda name: few)
    assert_same(random_splats(150, 0), ring(1), backend)


def test_steps_cross_the_bus_with_a_camera_alone(gpu: Device) -> None:
    """And tell when there are more pairs than there is room for."""
    splats, views = random_splats(100, 1), Views.of(ring(2))
    rows, sh = gpu.array(functions.rows_of(tuple(splats.arrays().values()))), gpu.array(splats.sh.numpy())
    g_images, g_rows, g_sh = gpu.array(np.ones((5, 37, 45), np.float32)), gpu.empty(rows.shape), gpu.empty(sh.shape)
    raster = Rasterizer(gpu, 100, SIZE, 4, 4, False)
    raster.view.write(view_row(views, 0, SIZE))
    with gpu.passes() as passes:
        raster.project(passes, rows, sh)
    raster.reserve_all()
    before = replace(gpu.traffic)
    for view in (1, 0):
        raster.view.write(view_row(views, view, SIZE))
        with gpu.passes() as passes:
            raster.draw(passes, rows, sh)
            raster.backward(passes, rows, sh, g_images, g_rows, g_sh)
    assert (gpu.traffic.up - before.up, gpu.traffic.down - before.down) == (2 * 80, 0)
    assert 0 < raster.number.read()[0] <= raster.room
    picture = torch.from_numpy(raster.images.read()[:3]).permute(1, 2, 0)
    torch.testing.assert_close(picture, rasterize(splats, ring(1), SIZE, backend="cpu").rgb[0], rtol=1e-4, atol=1e-4)
    raster.use_terms(1)
    with gpu.passes() as passes:
        raster.draw(passes, rows, sh)
    plain = torch.from_numpy(raster.images.read()[:3]).permute(1, 2, 0)
    expected = rasterize(splats, ring(1), SIZE, backend="cpu", sh_degree=0).rgb[0]
    torch.testing.assert_close(plain, expected, rtol=1e-4, atol=1e-4)
    little = Rasterizer(gpu, 100, SIZE, 4, 4, False)
    little.reserve(20)
    little.view.write(view_row(views, 0, SIZE))
    with gpu.passes() as passes:
        little.draw(passes, rows, sh)
    assert little.number.read()[0] > little.room == 25 and np.isfinite(little.images.read()).all()


@pytest.mark.slow
def test_a_million_splats(gpu: Device, backend: str) -> None:
    """Whose harmonics, 192 MB, no binding of llvmpipe holds at once. It ends loops after 65,535 rounds, so tiles have less."""
    splats, size = random_splats(1_000_000, 3, scale=2e-3), (300, 200)
    with torch.no_grad():
        drawn, expected = (rasterize(splats, ring(1, size), size, backend=name) for name in (backend, "cpu"))
    wrong = (drawn.rgb - expected.rgb).abs().amax(-1) > 1e-3  # where rounding exchanges splats of nearly equal depths
    assert wrong.float().mean() < 1e-2 and (drawn.alpha - expected.alpha).abs().max() < 1e-3
    assert (drawn.radii != expected.radii).float().mean() < 1e-4
