# SPDX-License-Identifier: GPL-3.0-or-later
"""The training step: learns, resumes to the bit, and does not follow absurd gradients."""

from dataclasses import replace

import pytest
import torch

from tttlrm_blender.train import trainer as module
from tttlrm_blender.train.batches import make_batch
from tttlrm_blender.train.chance import generator_for
from tttlrm_blender.train.trainer import DEFAULT_CONFIG, Budget, Plan, Trainer, learning_rate, sample_shape

CONFIG = replace(DEFAULT_CONFIG, dim=32, head_dim=16, layers=2)
PLAN = Plan(tokens=48, min_views=2, max_views=3, others=1, sizes=((32, 32), (24, 32)), warmup=2, color_from=0.5)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Current and averaged weights."""
    return {f"{name}.{key}": value for name in ("model", "average") for key, value in trainer.state()[name].items()}


def test_four_steps_are_two_and_two_more() -> None:
    budget = Budget(steps=4)
    straight, first, second = (Trainer(CONFIG, PLAN) for _ in range(3))
    straight.run(budget)
    for step in range(2):
        first.train_step(budget.spent(step, 0))
    torch.manual_seed(99)
    second.plan = replace(PLAN, seed=5)
    second.load_state(first.state())
    assert second.plan == PLAN
    second.run(budget)
    assert second.step == 4 and second.samples == straight.samples
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(straight).items())


def test_learns_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = sample_shape(generator_for(0, 0), PLAN, CONFIG.patch_size)
    batch = make_batch(generator_for(0, 0), shape)
    monkeypatch.setattr(module, "make_batch", lambda *_: batch)
    trainer = Trainer(CONFIG, replace(PLAN, color_from=2.0))
    terms = [trainer.train_step(0.0) for _ in range(60)]
    assert terms[-1]["depth"] < 0.6 * terms[0]["depth"]
    assert terms[-1]["loss"] < 0.6 * terms[0]["loss"]


def test_every_weight_learns_from_rendered_views() -> None:
    trainer = Trainer(
        CONFIG, replace(PLAN, color_from=0.0, weights=(("depth", 0.0), ("shape", 0.0), ("trust", 0.0), ("color", 1.0)))
    )
    trainer.train_step(0.0)
    trainer.train_step(0.0)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trainer.model.parameters())


def test_absurd_gradients_are_skipped() -> None:
    trainer = Trainer(CONFIG, replace(PLAN, absurd=0.0))
    before = {name: value.clone() for name, value in weights(trainer).items()}
    trainer.train_step(0.0)
    assert trainer.skipped == 1
    assert all(torch.equal(value, weights(trainer)[name]) for name, value in before.items())


def test_learning_rate_warms_up_and_falls() -> None:
    plan = replace(PLAN, warmup=10, rate=1.0)
    assert learning_rate(plan, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(plan, 9, 0.0) == pytest.approx(1.0)
    assert learning_rate(plan, 500, 0.5) == pytest.approx(0.51)
    assert learning_rate(plan, 500, 1.0) == pytest.approx(0.02)


def test_budget_ends_with_whichever_limit_comes_first() -> None:
    assert Budget(steps=10).spent(5, 1e9) == 0.5
    assert Budget(steps=10, seconds=100).spent(5, 90) == 0.9
    assert Budget(seconds=100).spent(10**6, 200) == 1.0
