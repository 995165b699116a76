# SPDX-License-Identifier: GPL-3.0-or-later
"""Which back end draws, and what happens when it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
import torch

from tttlrm_blender.errors import Code, Text, TttlrmError, text
from tttlrm_blender.pipeline.drawing import prepare_drawing
from tttlrm_blender.protocol.texts import to_json
from tttlrm_blender.render import choice, hardware, rasterize, trial
from tttlrm_blender.render.webgpu import device, functions, open_device

from .scenes import SIZE, differentiate, random_splats, ring

NO_CARD = text("PyTorch sees no NVIDIA GPU.")
BROKEN = TttlrmError("The GPU ran out of memory.", code=Code.OUT_OF_MEMORY)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No choice yet, and none of another test's failures and trials."""
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    monkeypatch.setattr(choice, "_given_up", [])
    monkeypatch.setattr(trial, "_trials", {})
    choice._chosen.clear()
    yield
    choice._chosen.clear()


def notes() -> list[str]:
    """What a job is told."""
    told: list[str] = []
    choice.tell_failure(SimpleNamespace(note=lambda note: told.append(str(note))))
    return told


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, "cuda"),
        ({"cuda": Text("no CUDA")}, "webgpu"),
        ({"cuda": Text("no CUDA"), "webgpu": Text("no GPU")}, "cpu"),
    ],
)
def test_the_best_back_end_draws(monkeypatch: pytest.MonkeyPatch, faults: dict[str, Text], expected: str) -> None:
    monkeypatch.setattr(choice, "_fault", lambda kind, wait: faults.get(kind, Text()))
    assert choice.choice() == choice.Choice(expected, faults)


def test_a_named_back_end_that_cannot_draw_is_a_sentence() -> None:
    for name in ("opengl", "webgpu:no such card", "cuda", "cuda:1", "cpu:0", "webgpu:"):
        with pytest.raises(TttlrmError, match=f"Splats cannot be drawn by {name}. ") as caught:
            choice.choose(name)
        assert caught.value.code == Code.NO_DEVICE
    choice.choose("cpu")
    assert choice.drawing_backend() == "cpu"


def test_software_is_never_chosen_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    info = {"device": "llvmpipe", "vendor": "", "adapter_type": "CPU", "backend_type": "Vulkan"}
    monkeypatch.setattr(device, "_adapters", lambda: [SimpleNamespace(info=info)])
    monkeypatch.setattr(trial, "fault_apart", lambda wait: trial.fault())
    monkeypatch.setattr(hardware, "fault", lambda kind: Text() if kind == "cpu" else NO_CARD)
    why = text("WebGPU finds no GPU, only {}, which is software.", "llvmpipe")
    assert choice.choice() == choice.Choice("cpu", {"cuda": NO_CARD, "webgpu": why})
    assert choice.faults() == {"cuda": NO_CARD, "webgpu": why, "cpu": Text()}


def test_a_gpu_that_computes_nonsense_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = trial._drawn(None)
    monkeypatch.setattr(device, "fault", lambda name: Text())
    monkeypatch.setattr(trial, "_drawn", lambda adapter: right if adapter is None else [1.1 * each for each in right])
    assert str(trial.fault()) == "The GPU's driver computes something else than the processor, by 10.0%."


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """What the process of a trial tells, on a machine that may have a GPU; `begun` counts such processes."""
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(device, "has_hardware", lambda: True)
    monkeypatch.setattr(trial, "version", lambda name: "0.32")
    monkeypatch.setattr(trial.platform, "platform", lambda: "system")  # which may run a process to find out
    outcome = SimpleNamespace(returncode=0, stdout=b"", begun=0)

    def run(*given: object, **more: object) -> SimpleNamespace:
        outcome.begun += 1
        return outcome

    monkeypatch.setattr(trial.subprocess, "run", run)
    return outcome


def started_anew(told: SimpleNamespace) -> str:
    """What the next process on this machine finds."""
    trial._trials.clear()
    return str(trial.fault_apart())


def said(fault: Text) -> bytes:
    """How the process of a trial tells its outcome, while a driver talks in the encoding of another system."""
    return b"a driver talks\n" + json.dumps(to_json(fault)).encode() + b"\nGr\xfc\xdfe\n"


def test_a_machine_without_a_graphics_device_tries_nothing(monkeypatch: pytest.MonkeyPatch, told: SimpleNamespace) -> None:
    monkeypatch.setattr(device, "has_hardware", lambda: False)
    assert started_anew(told) == "This machine has no graphics device." and not told.begun


@pytest.mark.parametrize("fault", [Text(), text(trial.WRONG, 0.1)])
def test_what_a_driver_computes_is_known_until_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: SimpleNamespace, fault: Text
) -> None:
    told.stdout = said(fault)
    assert started_anew(told) == str(fault)
    monkeypatch.setattr(trial, "date", SimpleNamespace(today=lambda: "tomorrow"))
    assert started_anew(told) == str(fault) and told.begun == 1
    monkeypatch.setattr(trial, "MANIFESTS", [str(tmp_path)])  # another driver
    assert started_anew(told) == str(fault) and told.begun == 2


@pytest.mark.parametrize("fault", [trial.SLOW, text("WebGPU finds no GPU."), text("The GPU ran out of memory.")])
def test_what_may_be_otherwise_tomorrow_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, told: SimpleNamespace, fault: Text
) -> None:
    told.stdout = said(fault)
    assert started_anew(told) == started_anew(told) == str(fault) and told.begun == 1
    told.stdout = said(Text())
    monkeypatch.setattr(trial, "date", SimpleNamespace(today=lambda: "tomorrow"))
    assert started_anew(told) == "" and told.begun == 2


def test_drivers_that_crash_or_hang_are_tried_again(monkeypatch: pytest.MonkeyPatch, told: SimpleNamespace) -> None:
    told.returncode = -11
    assert started_anew(told) == "The GPU's driver ends the process that asks it (code -11)."
    days = iter(range(9))
    monkeypatch.setattr(trial, "date", SimpleNamespace(today=lambda: next(days)))

    def hang(*given: object, timeout: float, **more: object) -> None:
        raise trial.subprocess.TimeoutExpired("trial", timeout)

    with monkeypatch.context() as patch:
        patch.setattr(trial.subprocess, "run", hang)
        assert started_anew(told) == "The GPU's driver does not answer."
    told.returncode, told.stdout = 0, said(Text())
    assert started_anew(told) == ""


def test_a_kept_outcome_of_another_form_is_none(told: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    told.stdout = said(Text())
    for damaged in ("", "[]", '{"KEY": "slow"}', '{"KEY": {"outcome": 3, "day": 0}}', '{"KEY": {"outcome": ["a"]}}'):
        monkeypatch.setattr(trial, "_drivers", lambda: "KEY")
        key = f"{trial.__version__} 0.32 system KEY"
        trial._file().parent.mkdir(exist_ok=True)
        trial._file().write_text(damaged.replace("KEY", key))
        assert started_anew(told) == ""
    assert told.begun == 5


def test_nobody_waits_for_a_trial(monkeypatch: pytest.MonkeyPatch, told: SimpleNamespace) -> None:
    """The processor draws until its outcome is known."""
    monkeypatch.setattr(hardware, "fault", lambda kind: Text() if kind == "cpu" else NO_CARD)
    go_on, told.stdout = Event(), said(Text())
    answered = trial.subprocess.run
    monkeypatch.setattr(trial.subprocess, "run", lambda *given, **more: go_on.wait(60) and answered())
    assert choice.choice() == choice.choice() == choice.Choice("cpu", {"cuda": NO_CARD, "webgpu": trial.RUNNING})
    go_on.set()
    assert choice.faults()["webgpu"] == Text(), "whoever asks what can draw waits"
    assert choice.choice() == choice.Choice("webgpu", {"cuda": NO_CARD}) and told.begun == 1


def test_a_worker_begins_the_trial_unless_another_back_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(choice, "Thread", lambda **given: SimpleNamespace(start=lambda: begun.append(given["name"])))
    prepare_drawing()
    monkeypatch.setenv(choice.VARIABLE, "cpu")
    prepare_drawing()
    assert len(begun) == 1


def test_a_driver_may_end_the_process_as_if_all_were_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial.subprocess, "run", lambda *given, **more: SimpleNamespace(returncode=0, stdout=b"\n"))
    assert str(trial._tried_apart()) == "The GPU's driver ends the process that asks it (code 0)."


def test_a_trial_that_cannot_begin_has_an_outcome(monkeypatch: pytest.MonkeyPatch, told: SimpleNamespace) -> None:
    def full(*given: object, **more: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(trial.subprocess, "run", full)
    assert started_anew(told) == "The GPU could not be tried out: Resource temporarily unavailable."


def test_a_slow_gpu_draws_only_if_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "fault_apart", lambda wait: trial.SLOW)
    monkeypatch.setattr(hardware, "fault", lambda kind: Text() if kind == "cpu" else NO_CARD)
    assert choice.choice() == choice.Choice("cpu", {"cuda": NO_CARD, "webgpu": trial.SLOW})
    choice.choose("webgpu")
    assert choice.drawing_backend() == "webgpu"


def test_a_gpu_whose_memory_ran_out_draws_the_next_scene_unnamed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "fault_apart", lambda wait: Text())
    monkeypatch.setattr(hardware, "fault", lambda kind: Text() if kind == "cpu" else NO_CARD)
    assert choice.drawing_backend() == "webgpu"
    choice.give_up(BROKEN)
    assert choice.drawing_backend() == "cpu"
    assert len(notes()) == 1
    assert choice.drawing_backend() == "webgpu" and not notes()


@pytest.mark.parametrize(("gpu", "told"), [(0.02, Text()), (0.1, trial.SLOW)])
def test_a_gpu_must_be_faster_than_the_processor(monkeypatch: pytest.MonkeyPatch, gpu: float, told: Text) -> None:
    monkeypatch.setattr(trial, "_seconds", lambda adapter: 0.1 if adapter is None else gpu)
    assert trial.slowness() == told


@pytest.mark.slow
def test_a_trial_in_another_process(adapter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of this machine's GPU, or of a machine that has none."""
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path))
    monkeypatch.setattr(device, "has_hardware", lambda: True)
    assert str(trial.fault_apart()) in ("", str(trial.SLOW), f"WebGPU finds no GPU, only {adapter}, which is software.")


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
        assert choice.choice() == choice.Choice("cpu", {"webgpu": BROKEN.text})
        with pytest.raises(TttlrmError, match="ran out of memory"):
            rasterize(random_splats(50), ring(1), SIZE, backend=f"webgpu:{adapter}")
    assert len(notes()) == 1
    assert choice.drawing_backend() == f"webgpu:{adapter}" and not notes()
