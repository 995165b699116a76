# SPDX-License-Identifier: GPL-3.0-or-later
"""Budgets of steps and seconds."""

import time

import pytest

from tttlrm_blender.protocol.settings import DRAFT, RefineSettings
from tttlrm_blender.refine.budget import Budget


def test_steps_are_shares_of_all_steps():
    budget = Budget(RefineSettings(steps=8), 5)
    assert budget.used == 0
    budget.steps = 2
    assert (budget.used, budget.expected) == (0.25, 8.0)
    budget.steps = 9
    assert budget.used == 1.0


def test_steps_of_a_budget_of_seconds_are_those_at_the_speed_so_far(monkeypatch):
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = Budget(RefineSettings(seconds=10), 5)
    budget.steps, now = 50, now + 2.5
    assert budget.used == pytest.approx(0.25)
    assert budget.expected == pytest.approx(200)


def test_what_runs_out_first_counts(monkeypatch):
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = Budget(RefineSettings(steps=100, seconds=10), 5)
    budget.steps, now = 10, now + 9
    assert budget.used == pytest.approx(0.9)


def test_no_budget_is_used_up():
    assert Budget(DRAFT, 5).used == 1.0


def test_passes_are_steps_for_every_photo():
    budget = Budget(RefineSettings(passes=3), 7)
    budget.steps = 7
    assert budget.used == pytest.approx(1 / 3)
    assert Budget(RefineSettings(passes=3, steps=10), 7).most_steps == 10
    assert RefineSettings(passes=1).wanted and not DRAFT.wanted
