# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth that becomes finer during a refinement."""

import time
from typing import Any
from unittest import mock

import pytest

from tttlrm_blender.errors import Cancelled
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.budget import Budget
from tttlrm_blender.refine.known_depth import FINER, KnownDepth
from tttlrm_blender.stages import Stage

COARSE, FINE = mock.sentinel.coarse, mock.sentinel.fine
STEPS = 40


@pytest.fixture
def budget() -> Budget:
    return Budget(RefineSettings(steps=STEPS, seconds=1000.0), 4)


def test_depth_becomes_finer_once(budget):
    measure = mock.Mock(return_value=FINE)
    known, changed = KnownDepth(COARSE, measure), []
    for budget.steps in range(STEPS):
        assert known.maps is (FINE if changed else COARSE)
        if known.follow(budget, Report()):
            changed.append(budget.steps)
    assert changed == [FINER * STEPS] and measure.call_count == 1


def test_its_time_is_not_that_of_the_budget(budget, monkeypatch):
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def measure(report: Report) -> Any:
        nonlocal now
        now += 7

    started, budget.steps = budget.started, STEPS
    KnownDepth(COARSE, measure).follow(budget, Report())
    assert budget.started == pytest.approx(started + 7)


def test_depth_stays_coarse_if_the_job_is_to_finish(budget):
    def measure(report: Report) -> Any:
        report.finish()
        report(Stage.DEPTH, 0)

    known, budget.steps = KnownDepth(COARSE, measure), STEPS
    assert known.follow(budget, Report()) and known.maps is COARSE


def test_a_cancelled_job_stops(budget):
    def measure(report: Report) -> Any:
        report.cancel()
        report(Stage.DEPTH, 0)

    budget.steps = STEPS
    with pytest.raises(Cancelled):
        KnownDepth(COARSE, measure).follow(budget, Report())


def test_coarse_depth_alone_stays(budget):
    budget.steps = STEPS
    assert not KnownDepth(COARSE).follow(budget, Report())
