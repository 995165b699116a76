# SPDX-License-Identifier: GPL-3.0-or-later
"""A training run from the command line to a checkpoint."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from tttlrm_blender.model.checkpoint import load_checkpoint, training_record
from tttlrm_blender.train import journal, loop
from tttlrm_blender.train.__main__ import main
from tttlrm_blender.train.evaluate import evaluate
from tttlrm_blender.train.plan import HELD_OUT, MIDDLE, NETWORKS, SMALL
from tttlrm_blender.train.trainer import Trainer, trained_model

from .small import CONFIG, PLAN

FIGURES = {"psnr", "flat_psnr", "true_psnr", "grey_psnr", "depth_error", "flat_depth_error"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a small network on small pictures."""
    monkeypatch.setitem(NETWORKS, "small", CONFIG)
    monkeypatch.setattr(journal, "validate", partial(evaluate, scenes=1, size=(32, 32)))
    monkeypatch.setattr(journal, "validation_pictures", partial(journal.validation_pictures, scenes=1))
    monkeypatch.setattr(loop, "Plan", lambda **kept: replace(PLAN, **kept))


def train(arguments: list[str]) -> int:
    """The exit status of a run of small steps."""
    return main([*arguments, "--tokens", "48"])


@pytest.mark.slow
def test_run_resumes_and_writes_a_checkpoint_with_its_record(tmp_path: Path) -> None:
    state, out = tmp_path / "deep" / "state.pt", tmp_path / "out.safetensors"
    assert train(["--steps", "1", "--state", str(state)]) == 0
    assert train(["--steps", "3", "--state", str(state), "--out", str(out), "--evaluate", "1"]) == 0
    model = load_checkpoint(out)
    assert model.config == CONFIG
    record = training_record(out)
    assert record["steps"] == 3 and record["samples"] >= 3 and record["plan"]["seed"] == 0 and record["held_out_scenes"] == 1
    assert set(record["figures"]) == FIGURES
    written = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert written == ["out.safetensors", "state.pt", "step-0000001.png", "step-0000003.png", "validation.tsv"]
    names, *rows = (tmp_path / "deep/state-log/validation.tsv").read_text().splitlines()
    assert set(names.split("\t")) == {"step", "samples", "minutes"} | FIGURES and [row.split("\t")[0] for row in rows] == [
        "1",
        "3",
    ]
    assert Image.open(tmp_path / "deep/state-log/step-0000003.png").size == (3 * 128, 128)


@pytest.mark.slow
def test_run_begins_with_a_checkpoint_and_says_so(tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    train(["--steps", "2", "--state", str(tmp_path / "1.pt"), "--out", str(first), "--evaluate", "1"])
    weights = trained_model(str(first)).state_dict()
    for name, value in load_checkpoint(first).state_dict().items():
        assert weights[name].equal(value)
    assert (
        train(["--steps", "1", "--state", str(tmp_path / "2.pt"), "--start", str(first), "--out", str(second), "--evaluate", "1"])
        == 0
    )
    record = training_record(second)
    assert record["plan"]["start"] == first.name and record["before"] == training_record(first)
    first_sizes = [plan["curriculum"][0][1] for plan in (record["before"]["plan"], record["plan"])]
    assert first_sizes == [list(map(list, sizes)) for sizes in (SMALL, MIDDLE)]


def test_run_without_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--state", str(tmp_path / "state.pt")]) == 1
    assert "--minutes" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert train(["--steps", "1", "--device", "cuda", "--state", str(tmp_path / "state.pt")]) == 1
    assert "--device cpu" in capsys.readouterr().err


def test_preview_needs_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "write_preview", partial(loop.write_preview, scenes=1, views=2, size=(16, 16)))
    assert train(["--preview", str(tmp_path / "sheet.png")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    assert train(["--steps", "1"]) == 1
    assert "--state" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"not a state"])
def test_broken_state_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    assert train(["--steps", "1", "--state", str(path)]) == 1
    assert str(path) in capsys.readouterr().err


@pytest.mark.slow
def test_a_resumed_run_keeps_its_network_and_its_record_whatever_became_of_the_start(tmp_path: Path) -> None:
    first, state, out = tmp_path / "first.safetensors", tmp_path / "2.pt", tmp_path / "deep/second.safetensors"
    train(["--steps", "1", "--state", str(tmp_path / "1.pt"), "--out", str(first), "--evaluate", "0"])
    assert train(["--steps", "1", "--state", str(state), "--start", str(first), "--evaluate", "0"]) == 0
    begun = training_record(first)
    first.unlink()
    assert train(["--steps", "2", "--state", str(state), "--network", "large", "--out", str(out), "--evaluate", "0"]) == 0
    assert load_checkpoint(out).config == CONFIG
    assert training_record(out)["before"] == begun and training_record(out)["figures"] == {}


def test_an_interrupted_run_keeps_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(loop.Watch):
        def __call__(self, trainer: Trainer, terms: dict[str, float]) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "Watch", Interrupted)
    state = tmp_path / "state.pt"
    assert train(["--steps", "5", "--state", str(state)]) == loop.INTERRUPTED
    assert str(state) in capsys.readouterr().out
    resumed = loop.resume(state)
    assert resumed is not None and resumed.step == 1


@pytest.mark.parametrize(
    ("option", "value"), [("--seed", str(HELD_OUT)), ("--loaders", "-1"), ("--evaluate", "x"), ("--device", "tpu")]
)
def test_impossible_options_are_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--steps", "1", "--state", "none.pt", option, value])
    assert option in capsys.readouterr().err


def test_a_sitting_ends_early_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state.pt"
    sitting = ["--minutes", "600", "--sitting", "0.0001", "--save-every", "0", "--state", str(state)]
    assert train(sitting) == 0 and train(sitting) == 0
    trainer = loop.resume(state)
    assert trainer is not None and trainer.step == 2 and 0 < trainer.seconds < 600
