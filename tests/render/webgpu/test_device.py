# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapters, devices, arrays and passes of WebGPU."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tttlrm_blender.errors import Code, TttlrmError
from tttlrm_blender.render.webgpu import Device, device, open_device

SCALE = """
@group(0) @binding(0) var<storage, read> given: array<f32>;
@group(0) @binding(1) var<storage, read_write> scaled: array<f32>;
@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32
) {
    let i = (group.y * groups.x + group.x) * 64u + thread;
    if (i < arrayLength(&given)) { scaled[i] = FACTOR * given[i]; }
}
"""


@pytest.fixture
def scale(tmp_path):
    """A file with a program that multiplies numbers by a constant."""
    file = tmp_path / "scale.wgsl"
    file.write_text(SCALE)
    return str(file)


def fake(name: str, kind: str, backend: str = "Vulkan") -> SimpleNamespace:
    return SimpleNamespace(info={"device": name, "vendor": "", "adapter_type": kind, "backend_type": backend})


def test_passes_run_in_order_and_bytes_are_counted(gpu: Device, scale: str) -> None:
    up, down = gpu.traffic.up, gpu.traffic.down
    numbers = gpu.array(np.arange(1000, dtype=np.float32))
    once, twice = gpu.empty((1000,)), gpu.empty((1000,))
    with gpu.passes() as passes:
        passes.run(gpu.program(scale, FACTOR=2.0), [numbers, once], gpu.groups(1000, 64))
        passes.run(gpu.program(scale, FACTOR=3.0), [once, twice], gpu.groups(1000, 64))
        passes.copy(once, numbers)
        passes.clear(once)
    assert (gpu.traffic.up - up, gpu.traffic.down - down) == (4000, 0)
    np.testing.assert_array_equal(twice.read(), 6 * np.arange(1000))
    np.testing.assert_array_equal(numbers.read(), 2 * np.arange(1000))
    assert not once.read().any()
    assert gpu.traffic.down - down == 12000


def test_more_groups_than_one_dimension_has(gpu: Device, scale: str) -> None:
    few = open_device(gpu.name, limits={"max-compute-workgroups-per-dimension": 4})
    assert few.groups(640, 64) == (4, 3)
    numbers, doubled = few.array(np.ones(640, np.float32)), few.empty((640,))
    with few.passes() as passes:
        passes.run(few.program(scale, FACTOR=2.0), [numbers, doubled], few.groups(640, 64))
    assert doubled.read().sum() == 1280


def test_rows_of_an_array_that_no_binding_can_hold(gpu: Device, scale: str) -> None:
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 1024, "max-buffer-size": 4096})
    numbers, doubled = small.array(np.ones((128, 4), np.float32)), small.empty((128, 4))
    program = small.program(scale, FACTOR=2.0)
    with pytest.raises(TttlrmError, match="allows arrays of 0 MB, but 1 MB are needed") as caught, small.passes() as passes:
        passes.run(program, [numbers, doubled], small.groups(512, 64))
    assert caught.value.code == Code.OUT_OF_MEMORY
    with small.passes() as passes:
        passes.run(program, [numbers.rows(64, 128), doubled.rows(64, 128)], small.groups(256, 64))
    np.testing.assert_array_equal(doubled.read()[:, 0], [0] * 64 + [2] * 64)
    with pytest.raises(TttlrmError, match="allows arrays"):
        small.empty((2000,))


def test_empty_arrays(gpu: Device, scale: str) -> None:
    none = gpu.array(np.empty((0, 3), np.float32))
    with gpu.passes() as passes:
        passes.run(gpu.program(scale, FACTOR=1.0), [none, gpu.empty((0,))], gpu.groups(0))
    assert none.read().shape == (0, 3)


def test_wrong_arguments(gpu: Device, scale: str) -> None:
    numbers = gpu.empty((4,))
    with pytest.raises(ValueError, match="has 2 arguments, not 1"), gpu.passes() as passes:
        passes.run(gpu.program(scale, FACTOR=1.0), [numbers], (1, 1))
    with pytest.raises(ValueError, match="does not fit"):
        numbers.write(np.zeros(5, np.float32))
    with pytest.raises(ValueError, match="not aligned"):
        numbers.rows(1, 2)


def test_a_lost_device_and_broken_programs_are_sentences(gpu: Device, tmp_path, scale: str) -> None:
    (tmp_path / "broken.wgsl").write_text("fn main(")
    with pytest.raises(TttlrmError, match="driver failed") as caught:
        gpu.program(str(tmp_path / "broken.wgsl"))
    assert caught.value.code == Code.GPU_FAILED
    lost = open_device(gpu.name)
    numbers = lost.array(np.ones(4, np.float32))
    lost.close()
    for use in (lambda: lost.empty((4,)), numbers.read, lambda: lost.program(scale, FACTOR=1.0)):
        with pytest.raises(TttlrmError, match="stopped answering") as caught:
            use()
        assert caught.value.code == Code.GPU_FAILED


def test_memory_that_runs_out_is_a_sentence(gpu: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    import wgpu

    def full(**given: object) -> None:
        raise wgpu.GPUOutOfMemoryError("Not enough memory left.")

    monkeypatch.setattr(gpu.handle, "create_buffer", full)
    with pytest.raises(TttlrmError, match=r"The GPU ran out of memory\.") as caught:
        gpu.empty((4,))
    assert caught.value.code == Code.OUT_OF_MEMORY


def test_features_can_be_left_out(gpu: Device) -> None:
    assert not open_device(gpu.name, without=device.FEATURES).features


@pytest.mark.parametrize(("name", "chosen"), [("", "Arc"), ("llvm", "llvmpipe"), ("geforce", None)])
def test_software_draws_only_if_named(monkeypatch, name: str, chosen: str | None) -> None:
    found = [fake("llvmpipe", "CPU"), fake("Arc", "IntegratedGPU"), fake("GeForce", "DiscreteGPU", "OpenGL")]
    monkeypatch.setattr(device, "_adapters", lambda: found)
    assert [each.info["device"] for each in device.adapters()] == ["Arc", "llvmpipe"]
    if chosen:
        assert device._chosen(name).info["device"] == chosen
        assert not device.fault(name)
    else:
        assert str(device.fault(name)) == "WebGPU finds no adapter called 'geforce'."


def test_a_discrete_gpu_is_preferred_and_llvmpipe_never_unnamed(monkeypatch) -> None:
    monkeypatch.setattr(device, "_adapters", lambda: [fake("Arc", "IntegratedGPU"), fake("GeForce", "DiscreteGPU")])
    assert device._chosen("").info["device"] == "GeForce"
    same = [fake("GeForce", "DiscreteGPU", "D3D12"), fake("GeForce", "DiscreteGPU", "Vulkan"), fake("Odd", "VirtualGPU")]
    monkeypatch.setattr(device, "_adapters", lambda: same)
    assert [each.info["backend_type"] for each in device.adapters()] == ["Vulkan", "D3D12", "Vulkan"]
    monkeypatch.setattr(device, "_adapters", lambda: [fake("llvmpipe", "CPU")])
    assert str(device.fault()) == "WebGPU finds no GPU, only llvmpipe, which is software."
    monkeypatch.setattr(device, "_adapters", list)
    assert str(device.fault()) == "WebGPU finds no GPU."
