# SPDX-License-Identifier: GPL-3.0-or-later
"""Budgets of steps and seconds."""

import time

import pytest

from tttlrm_blender.protocol.settings import DRAFT, RefineSettings
from tttlrm_blender.refine.budget import LAST_SHARE, Budget


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


def steps_of_good(pace: float, monkeypatch: pytest.MonkeyPatch) -> tuple[int, float]:
    """How many steps the default makes on a machine that makes so many per second, and in how many seconds."""
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget, before = Budget(RefineSettings(), 43), 0.0
    while budget.used < 1:
        assert budget.used >= before, "schedules do not go back"
        before, now, budget.steps = budget.used, now + 1 / pace, budget.steps + 1
    return budget.steps, now


@pytest.mark.parametrize(
    ("pace", "steps", "seconds"),
    [(20, 1075, 54), (8, 800, 100), (6, 600, 100), (2.5, 600, 240), (1.5, 600, 400), (1, 400, 400), (0.25, 100, 400)],
)
def test_a_slow_machine_gets_more_time_for_the_least_steps(monkeypatch, pace, steps, seconds):
    assert steps_of_good(pace, monkeypatch) == (pytest.approx(steps, abs=1), pytest.approx(seconds, rel=0.02))


def test_a_slow_machine_can_wind_up_too(monkeypatch):
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = Budget(RefineSettings(), 43)
    budget.steps, now = 300, 120.0
    assert budget.used == 0.5
    budget.wind_up()
    assert budget.used == pytest.approx(1 - LAST_SHARE)
    budget.steps, now = 400, 160.0
    assert budget.used == 1


@pytest.mark.parametrize(("steps", "pace", "left"), [(30, 10, 10), (300, 10, 20), (300, 1, 2), (1070, 10, 5), (0, 10, 1)])
def test_an_ended_budget_leaves_its_last_share_for_a_moment(monkeypatch, steps: int, pace: float, left: int):
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = Budget(RefineSettings(steps=1075, seconds=1e6), 43)
    budget.steps, now = steps, steps / pace + 1e-9
    before = budget.used
    budget.end()
    budget.end()
    assert budget.used == pytest.approx(max(before, 1 - LAST_SHARE))
    while budget.used < 1:
        budget.steps += 1
    assert budget.steps == steps + left


def test_a_limit_on_time_stays_exact(monkeypatch):
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = Budget(RefineSettings(seconds=60), 43)
    budget.steps, now = 1, 60.0
    assert budget.used == 1


def test_passes_are_steps_for_every_photo():
    budget = Budget(RefineSettings(passes=3), 7)
    budget.steps = 7
    assert budget.used == pytest.approx(1 / 3)
    assert Budget(RefineSettings(passes=3, steps=10), 7).most_steps == 10
    assert RefineSettings(passes=1).wanted and not DRAFT.wanted
