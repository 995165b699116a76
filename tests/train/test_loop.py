# SPDX-License-Identifier: GPL-3.0-or-later
"""A training run from the command line to a checkpoint."""

from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from tttlrm_blender.model.checkpoint import load_checkpoint, training_record
from tttlrm_blender.train import journal, loop
from tttlrm_blender.train.__main__ import main
from tttlrm_blender.train.evaluate import evaluate
from tttlrm_blender.train.plan import NETWORKS, SMALL_NETWORK, Plan
from tttlrm_blender.train.trainer import Trainer

from .small import CONFIG, PLAN

FIGURES = {"psnr", "flat_psnr", "true_psnr", "grey_psnr", "depth_error", "flat_depth_error"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a small network on small pictures."""
    monkeypatch.setitem(NETWORKS, "small", CONFIG)
    monkeypatch.setattr(journal, "validate", partial(evaluate, scenes=1, size=(32, 32)))
    monkeypatch.setattr(journal, "validation_pictures", partial(journal.validation_pictures, scenes=1))
    monkeypatch.setattr(loop, "Plan", lambda: PLAN)


def test_run_resumes_and_writes_a_checkpoint_with_its_record(tmp_path: Path) -> None:
    state, out = tmp_path / "deep" / "state.pt", tmp_path / "out.safetensors"
    assert main(["--steps", "1", "--state", str(state)]) == 0
    assert main(["--steps", "3", "--state", str(state), "--out", str(out), "--evaluate", "1"]) == 0
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


def test_run_begins_with_a_checkpoint_and_says_so(tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    main(["--steps", "2", "--state", str(tmp_path / "1.pt"), "--out", str(first), "--evaluate", "1"])
    weights = Trainer(CONFIG, Plan(start=str(first))).model.state_dict()
    for name, value in load_checkpoint(first).state_dict().items():
        assert weights[name].equal(value)
    assert (
        main(["--steps", "1", "--state", str(tmp_path / "2.pt"), "--start", str(first), "--out", str(second), "--evaluate", "1"])
        == 0
    )
    record = training_record(second)
    assert record["plan"]["start"] == first.name and record["before"] == training_record(first)


def test_run_without_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(tmp_path / "state.pt")]) == 1
    assert "--minutes" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["--steps", "1", "--device", "cuda", "--state", str(tmp_path / "state.pt")]) == 1
    assert "--device cpu" in capsys.readouterr().err


def test_preview_needs_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "write_preview", partial(loop.write_preview, scenes=1, views=2, size=(16, 16)))
    assert main(["--preview", str(tmp_path / "sheet.png")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    assert main(["--steps", "1"]) == 1
    assert "--state" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"not a state"])
def test_broken_state_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    assert main(["--steps", "1", "--state", str(path)]) == 1
    assert str(path) in capsys.readouterr().err


def test_state_of_another_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    loop.save_state(path, Trainer(SMALL_NETWORK, PLAN))
    with pytest.raises(loop.TttlrmError, match=str(path)):
        loop.resume(path, Trainer(CONFIG, PLAN))


def test_a_sitting_ends_early_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state.pt"
    sitting = ["--minutes", "600", "--sitting", "0.0001", "--save-every", "0", "--state", str(state)]
    assert main(sitting) == 0 and main(sitting) == 0
    trainer = loop.resume(state, Trainer(CONFIG, PLAN))
    assert trainer.step == 2 and 0 < trainer.seconds < 600
