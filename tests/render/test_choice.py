# SPDX-License-Identifier: GPL-3.0-or-later
"""Which back end draws, and what happens when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tttlrm_blender.errors import Code, TttlrmError
from tttlrm_blender.render import choice, hardware, rasterize, trial
from tttlrm_blender.render.webgpu import device, functions, open_device

from .scenes import SIZE, differentiate, random_splats, ring

BROKEN = TttlrmError("The GPU ran out of memory.", code=Code.OUT_OF_MEMORY)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No choice yet, and none of another test's failures."""
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    monkeypatch.setattr(choice, "_given_up", [])
    choice._chosen.cache_clear()
    yield
    choice._chosen.cache_clear()


def notes() -> list[str]:
    """What a job is told."""
    told: list[str] = []
    choice.tell_failure(SimpleNamespace(note=lambda note: told.append(str(note))))
    return told


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, "cuda"),
        ({"cuda": "no CUDA"}, "webgpu"),
        ({"cuda": "no CUDA", "webgpu": "no GPU"}, "cpu"),
    ],
)
def test_the_best_back_end_draws(monkeypatch: pytest.MonkeyPatch, faults: dict[str, str], expected: str) -> None:
    monkeypatch.setattr(choice, "_fault", lambda kind: faults.get(kind, ""))
    assert choice.choice() == choice.Choice(expected, faults)


def test_a_named_back_end_that_cannot_draw_is_a_sentence() -> None:
    for name in ("opengl", "webgpu:no such card", "cuda", "cuda:1", "cpu:0", "webgpu:"):
        with pytest.raises(TttlrmError, match=f"Splats cannot be drawn by {name}: ") as caught:
            choice.choose(name)
        assert caught.value.code == Code.NO_DEVICE
    choice.choose("cpu")
    assert choice.drawing_backend() == "cpu"


def test_software_is_never_chosen_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    info = {"device": "llvmpipe", "vendor": "", "adapter_type": "CPU", "backend_type": "Vulkan"}
    monkeypatch.setattr(device, "_adapters", lambda: [SimpleNamespace(info=info)])
    monkeypatch.setattr(trial, "fault_apart", trial.fault)
    monkeypatch.setattr(hardware, "fault", lambda kind: "" if kind == "cpu" else "torch sees no NVIDIA GPU")
    why = "WebGPU finds no GPU, only llvmpipe, which is software"
    assert choice.choice() == choice.Choice("cpu", {"cuda": "torch sees no NVIDIA GPU", "webgpu": why})
    assert choice.faults() == {"cuda": "torch sees no NVIDIA GPU", "webgpu": why, "cpu": ""}


def test_a_gpu_that_computes_nonsense_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = trial._drawn(None)
    monkeypatch.setattr(device, "fault", lambda name: "")
    monkeypatch.setattr(trial, "_drawn", lambda adapter: right if adapter is None else [1.1 * each for each in right])
    assert trial.fault() == "its driver computes something else than the processor, by 10.0%"


def test_drivers_are_tried_in_another_process_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(device, "has_hardware", lambda: False)
    assert trial.fault_apart() == "this machine has no graphics device"
    monkeypatch.setattr(device, "has_hardware", lambda: True)
    monkeypatch.setattr(trial, "version", lambda name: "0.32")
    outcome = SimpleNamespace(returncode=-11, stdout="")
    monkeypatch.setattr(trial.subprocess, "run", lambda *given, **more: outcome)
    assert trial.fault_apart() == "its driver ends the process (code -11)"
    outcome.returncode, outcome.stdout = 0, 'a driver talks\n"WebGPU finds no GPU"\n'
    assert trial.fault_apart() == "its driver ends the process (code -11)", "kept"
    monkeypatch.setattr(trial, "MANIFESTS", [str(tmp_path)])  # another driver
    assert trial.fault_apart() == "WebGPU finds no GPU"

    def hang(*given: object, timeout: float, **more: object) -> None:
        raise trial.subprocess.TimeoutExpired("trial", timeout)

    monkeypatch.setattr(trial.subprocess, "run", hang)
    (tmp_path / "new.json").touch()
    assert trial.fault_apart() == "its driver does not answer"


def test_a_driver_may_end_the_process_as_if_all_were_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial.subprocess, "run", lambda *given, **more: SimpleNamespace(returncode=0, stdout="\n"))
    assert trial._tried_apart() == "its driver ends the process (code 0)"


def test_a_slow_gpu_draws_only_if_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "fault_apart", lambda: trial.SLOW)
    monkeypatch.setattr(hardware, "fault", lambda kind: "" if kind == "cpu" else "none")
    assert choice.choice() == choice.Choice("cpu", {"cuda": "none", "webgpu": trial.SLOW})
    choice.choose("webgpu")
    assert choice.drawing_backend() == "webgpu"


def test_a_gpu_whose_memory_ran_out_draws_the_next_scene_unnamed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "fault_apart", lambda: "")
    monkeypatch.setattr(hardware, "fault", lambda kind: "" if kind == "cpu" else "none")
    assert choice.drawing_backend() == "webgpu"
    choice.give_up(BROKEN)
    assert choice.drawing_backend() == "cpu"
    assert len(notes()) == 1
    assert choice.drawing_backend() == "webgpu" and not notes()


@pytest.mark.parametrize(("gpu", "told"), [(0.02, ""), (0.1, "it draws no faster than the processor")])
def test_a_gpu_must_be_faster_than_the_processor(monkeypatch: pytest.MonkeyPatch, gpu: float, told: str) -> None:
    monkeypatch.setattr(trial, "_seconds", lambda adapter: 0.1 if adapter is None else gpu)
    assert trial.slowness() == told


@pytest.mark.slow
def test_a_trial_in_another_process(adapter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of this machine's GPU, or of a machine that has none."""
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path))
    monkeypatch.setattr(device, "has_hardware", lambda: True)
    assert trial.fault_apart() in ("", f"WebGPU finds no GPU, only {adapter}, which is software")


def test_a_gpu_that_fails_is_replaced_by_the_processor(adapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While drawing, then between drawing and gradients."""
    expected, expected_gradients = differentiate(random_splats(50), ring(2), "cpu")
    choice.choose(f"webgpu:{adapter}")
    lost = open_device(adapter)
    monkeypatch.setattr(functions, "shared_device", lambda name: lost)
    leaves = random_splats(50).map(torch.Tensor.requires_grad_)
    drawn = rasterize(leaves, ring(2), SIZE)
    drawn.means2d.retain_grad()
    lost.close()
    source = torch.Generator().manual_seed(1)
    sum((torch.randn(each.shape, generator=source) * each).sum() for each in (drawn.rgb, drawn.depth, drawn.alpha)).backward()
    for name, tensor in leaves.arrays().items():
        torch.testing.assert_close(tensor.grad, expected_gradients[name], rtol=1e-3, atol=1e-3)
    assert choice.drawing_backend() == "cpu"
    assert notes() == ["The GPU stopped answering: its driver was reset or removed. Splats were drawn by the processor instead."]
    assert choice.drawing_backend() == "cpu"
    torch.testing.assert_close(rasterize(leaves, ring(2), SIZE).rgb, expected.rgb)


def test_memory_that_runs_out_is_no_failure(adapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    choice.choose(f"webgpu:{adapter}")

    def full(name: str) -> None:
        raise BROKEN

    with monkeypatch.context() as patch:
        patch.setattr(functions, "shared_device", full)
        expected = rasterize(random_splats(50), ring(1), SIZE, backend="cpu").rgb
        drawn = rasterize(random_splats(50), ring(1), SIZE, surface=True)
        assert torch.equal(drawn.rgb, expected) and drawn.surface is not None
        assert choice.choice() == choice.Choice("cpu", {"webgpu": "The GPU ran out of memory."})
        with pytest.raises(TttlrmError, match="ran out of memory"):
            rasterize(random_splats(50), ring(1), SIZE, backend=f"webgpu:{adapter}")
    assert len(notes()) == 1
    assert choice.drawing_backend() == f"webgpu:{adapter}" and not notes()
