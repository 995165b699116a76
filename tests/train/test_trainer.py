# SPDX-License-Identifier: GPL-3.0-or-later
"""The training step: learns, resumes to the bit, and does not follow absurd gradients."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from tttlrm_blender.train.plan import TERMS, Budget
from tttlrm_blender.train.trainer import Trainer, learning_rate

from .small import PLAN, small_trainer, step_data


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Current and averaged weights."""
    state = trainer.state()
    return {f"{name}.{key}": value for name in ("model", "average", "view_head") for key, value in state[name].items()}


def test_eight_steps_through_all_stages_are_three_and_five_more() -> None:
    budget = Budget(steps=8)
    straight, first, second = (small_trainer() for _ in range(3))
    straight.run(budget)
    first.run(budget, lambda trainer, _: setattr(trainer, "seconds", trainer.step * 1.0), sitting=3.0)
    assert first.step == 3
    torch.manual_seed(99)
    second.plan = replace(PLAN, seed=5)
    second.load_state(first.state())
    assert second.plan == PLAN
    second.run(budget)
    assert second.step == 8 and second.samples == straight.samples
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(straight).items())


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "falls"), [("depth", ("choice", "trust", "loss")), ("splats", ("color", "likeness", "loss"))])
def test_learns_one_problem(stage: str, falls: tuple[str, ...]) -> None:
    given, trainer = step_data(stage), small_trainer()
    terms = [trainer.train_step(given) for _ in range(60)]
    assert all(terms[-1][name] < 0.8 * terms[0][name] for name in falls), (terms[0], terms[-1])


def test_every_weight_learns_from_rendered_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TERMS, "splats", {"color": 1.0})
    trainer = small_trainer()
    for _ in range(2):
        trainer.train_step(step_data("splats"))
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trainer.model.parameters())


def test_every_weight_of_the_trunk_learns_from_views() -> None:
    trainer = small_trainer()
    trainer.train_step(step_data("views"))
    unused = {name for name, p in trainer.model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
    assert {name.split(".")[0] for name in unused} <= {"decoder", "depth"} and "depth.read.weight" not in unused


def test_absurd_gradients_are_skipped() -> None:
    trainer = small_trainer(replace(PLAN, absurd=0.0))
    before = {name: value.clone() for name, value in weights(trainer).items()}
    trainer.train_step(step_data("depth"))
    assert trainer.skipped == 1
    assert all(torch.equal(value, weights(trainer)[name]) for name, value in before.items())


def test_without_gsplat_a_gpu_learns_what_needs_no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = small_trainer()
    monkeypatch.setattr(trainer, "draws", lambda: False)
    terms = trainer.train_step(step_data("splats"))
    assert "depth" in terms and "color" not in terms and trainer.step == 1


def test_while_gsplat_compiles_figures_are_those_of_a_copy_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = small_trainer()
    assert trainer.result() is trainer.average
    monkeypatch.setattr(trainer, "compilation", SimpleNamespace(finished=lambda: False, wait=lambda: False))
    assert trainer.result() is not trainer.average and not trainer.draws()


def test_learning_rate_warms_up_and_falls() -> None:
    plan = replace(PLAN, warmup=10, rate=1.0)
    assert learning_rate(plan, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(plan, 9, 0.0) == pytest.approx(1.0)
    assert learning_rate(plan, 500, 0.5) == pytest.approx(0.51)
    assert learning_rate(plan, 500, 1.0) == pytest.approx(0.02)
