# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters, optimizer, mean and least sizes on the GPU, against those of torch."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.refine.average import Average, share_of
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.resolution import Resolution
from tttlrm_blender.refine.webgpu.programs import step_row
from tttlrm_blender.refine.webgpu.splats import Splats
from tttlrm_blender.render.convention import Views
from tttlrm_blender.render.webgpu import Device, open_device
from tttlrm_blender.render.webgpu.functions import MEAN, OPACITY, QUAT, SCALE
from tttlrm_blender.render.webgpu.rasterizer import view_row

ROOM, EXPECTED = 10, 100.0


@pytest.fixture
def make(blobs) -> Callable[[], Parameters]:
    """Makes the same stretched splats of degree 1 with least sizes, which have made two steps."""

    def made() -> Parameters:
        random = np.random.default_rng(4)
        quats = random.normal(size=blobs.quats.shape).astype(np.float32)
        scales = random.uniform(0.1, 0.3, blobs.scales.shape).astype(np.float32)
        sh = np.concatenate([blobs.sh, random.normal(0, 0.1, (len(blobs), 3, 3)).astype(np.float32)], 1)
        parameters = Parameters(Gaussians(blobs.means, quats, scales, blobs.opacities, sh), 2.0, torch.device("cpu"))
        parameters.narrow(torch.linspace(0, 0.2, len(blobs)))
        for used in (0.2, 0.3):
            torch_step(parameters, gradients_of(parameters, 5), used)
        return parameters

    return made


def gradients_of(parameters: Parameters, seed: int) -> list[np.ndarray]:
    """Gradients of splats as they are drawn: rows [N, 12] and harmonics."""
    random, count = np.random.default_rng(seed), len(parameters)
    rows = random.normal(size=(count, 12)).astype(np.float32) * [1e-3] * random.random((count, 1))
    quats = parameters["quats"].detach().numpy()
    along = (rows[:, QUAT] * quats).sum(1) / (quats**2).sum(1)
    rows[:, QUAT] -= along[:, None] * quats  # the rasterizer's have no part along the quaternion
    rows[:, 11] = 0
    return [rows.astype(np.float32), random.normal(size=(count, 4, 3)).astype(np.float32)]


def torch_step(parameters: Parameters, gradients: list[np.ndarray], used: float) -> None:
    """A step by torch."""
    splats, (rows, sh) = parameters.gaussians(), (torch.from_numpy(array) for array in gradients)
    length = parameters["quats"].detach().norm(dim=1, keepdim=True)
    parts = (rows[:, MEAN], rows[:, QUAT] * length, rows[:, SCALE], rows[:, OPACITY], sh)  # quats are of unit length here
    torch.autograd.backward(list(splats.arrays().values()), parts)
    parameters.step(used, EXPECTED)


def gpu_step(gpu: Device, splats: Splats, parameters: Parameters, gradients: list[np.ndarray], pairs: int = ROOM) -> None:
    """A step on the GPU, in whose picture every other splat was drawn."""
    count = len(parameters)
    drawn = SimpleNamespace(
        g_means2d=gpu.array(np.tile(np.array([[3, 4]], np.float32), (count, 1))),
        radii=gpu.array((np.arange(count) % 2).astype(np.int32)),
        number=gpu.array(np.array([pairs], np.uint32)),
    )
    for steps in parameters.steps.values():
        steps += 1
    rates = parameters.rates(0.5, EXPECTED)
    now = gpu.array(step_row(np.zeros(3), (1, 1), (1, 1), rates, int(parameters.steps["means"]), ROOM))
    for array, values in zip((splats.g_drawn, splats.g_sh), gradients, strict=True):
        array.write(values)
    with gpu.passes() as passes:
        splats.step(passes, now, drawn)


def assert_same(parameters: Parameters, others: Parameters, tolerance: float = 1e-5) -> None:
    """All values and moments."""
    for name in parameters.leaves:
        torch.testing.assert_close(
            parameters[name], others[name], rtol=tolerance, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}"
        )
        for mine, theirs in zip(parameters.moments[name], others.moments[name], strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6, msg=lambda m, n=name: f"moments of {n}: {m}")
    torch.testing.assert_close(parameters.least, others.least, rtol=tolerance, atol=tolerance)


def test_splats_survive_the_way_there_and_back(gpu: Device, make) -> None:
    parameters, other = make(), make()
    with torch.no_grad():
        for name in other.leaves:
            other[name].zero_()
            for moment in other.moments[name]:
                moment.zero_()
    other.least = torch.zeros_like(other.least)
    Splats(gpu, parameters).read(other, moments=True)
    assert_same(parameters, other, 0)


def test_splats_are_drawn_as_torch_activates_them(gpu: Device, make) -> None:
    parameters = make()
    splats, expected = Splats(gpu, parameters), parameters.to_numpy()
    splats.g_sh.write(np.ones(splats.g_sh.shape, np.float32))
    with gpu.passes() as passes:
        splats.activate(passes)
    rows = splats.drawn.read()
    np.testing.assert_allclose(rows[:, MEAN], expected.means, rtol=1e-6)
    np.testing.assert_allclose(rows[:, OPACITY], expected.opacities, rtol=1e-5)
    np.testing.assert_allclose(rows[:, QUAT] / np.linalg.norm(rows[:, QUAT], axis=1, keepdims=True), expected.quats, rtol=1e-5)
    np.testing.assert_allclose(rows[:, SCALE], expected.scales, rtol=1e-5)
    assert not splats.g_sh.read().any() and not splats.g_drawn.read().any()


def test_steps_are_those_of_torch(gpu: Device, make) -> None:
    parameters, other = make(), make()
    splats = Splats(gpu, other)
    for seed in range(3):
        gradients = gradients_of(parameters, seed)
        torch_step(parameters, gradients, 0.5)
        gpu_step(gpu, splats, other, gradients)
    splats.read(other, moments=True)
    assert_same(parameters, other, 1e-4)
    pulls = splats.pulls.read()
    assert not pulls[0::2].any() and (pulls[1::2] == [15, 3]).all()


def test_arrays_that_no_binding_holds(gpu: Device, make) -> None:
    """90 splats of degree 1 take 4,320 bytes each for rows and harmonics, and are optimized in two parts."""
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 64 * 48})
    parameters, other = make(), make()
    splats, gradients = Splats(small, other), gradients_of(parameters, 0)
    torch_step(parameters, gradients, 0.5)
    gpu_step(small, splats, other, gradients)
    with small.passes() as passes:
        splats.activate(passes)
    splats.read(other, moments=True)
    assert_same(parameters, other, 1e-4)
    np.testing.assert_allclose(splats.drawn.read()[:, OPACITY], parameters.to_numpy().opacities, rtol=1e-4)


def test_nothing_changes_where_there_was_too_little_room(gpu: Device, make) -> None:
    parameters, other = make(), make()
    splats = Splats(gpu, other)
    gpu_step(gpu, splats, other, gradients_of(other, 0), pairs=ROOM + 1)
    splats.read(other, moments=True)
    assert_same(parameters, other, 0)
    assert not splats.pulls.read().any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_not_finite_count_as_zero(gpu: Device, make, value: float) -> None:
    parameters, other = make(), make()
    broken, none = gradients_of(parameters, 0), gradients_of(parameters, 0)
    for array, zero in zip(broken, none, strict=True):
        array[::3], zero[::3] = value, 0
    broken[0][:, 11] = 0
    torch_step(parameters, none, 0.5)
    splats = Splats(gpu, other)
    gpu_step(gpu, splats, other, broken)
    splats.read(other, moments=True)
    assert_same(parameters, other, 1e-4)


def test_colors_stay_above_black(gpu: Device, make) -> None:
    parameters, other = make(), make()
    splats, gradients = Splats(gpu, other), [np.zeros((90, 12), np.float32), np.full((90, 4, 3), 1e3, np.float32)]
    for _ in range(200):
        torch_step(parameters, gradients, 0.5)
        gpu_step(gpu, splats, other, gradients)
    splats.read(other)
    torch.testing.assert_close(other["dc"], parameters["dc"], rtol=1e-3, atol=1e-3)
    assert other["dc"].min() == parameters["dc"].min()


def test_the_mean_is_that_of_torch(gpu: Device, make) -> None:
    parameters, other = make(), make()
    average, splats = Average(parameters), Splats(gpu, other)
    for count in (1, 2, 3):
        gradients = gradients_of(parameters, count)
        torch_step(parameters, gradients, 0.5)
        gpu_step(gpu, splats, other, gradients)
        average.follow(1.0)
        share = gpu.array(np.array([share_of(count)], np.float32))
        with gpu.passes() as passes:
            splats.average(passes, share)
    splats.read(other, mean=True)
    for name, array in average.to_numpy().arrays().items():
        np.testing.assert_allclose(other.to_numpy().arrays()[name], array, rtol=1e-3, atol=1e-4)


def test_least_sizes_are_those_of_torch(gpu: Device, make, photos) -> None:
    """Also of splats that no photo sees."""
    parameters, other = make(), make()
    with torch.no_grad():
        for each in (parameters, other):
            each["means"][:5] += 100
            each["means"][5:10] *= 2
    resolution, size = Resolution(parameters, photos), photos.images.shape[2:0:-1]
    views = Views.of(photos.cameras.resized(*size))
    cameras = gpu.array(np.stack([view_row(views, view, size) for view in range(len(views))]))
    splats = Splats(gpu, other)
    with gpu.passes() as passes:
        splats.measure(passes, cameras)
    splats.read(other)
    torch.testing.assert_close(other.least, resolution.least(parameters["means"].detach()), rtol=1e-5, atol=1e-7)
    assert not other.least[:5].any() and other.least[10:].all()
