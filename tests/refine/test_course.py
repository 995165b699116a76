# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a refinement is expected to take, and its figures."""

import time
from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.best import judging_views
from tttlrm_blender.refine.budget import LAST_SHARE, Budget
from tttlrm_blender.refine.course import LATER, REST, TIMED, WARM, Course
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters


class Expecting(Report):
    """Records what is expected."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[float] = []

    def expect(self, seconds: float) -> None:
        self.expected.append(seconds)


@pytest.mark.parametrize(("seconds", "left"), [(0.0, 1000 * LATER), (500.0, 500 - 2 * (WARM + TIMED))])
def test_the_time_left_is_expected_from_the_first_steps_within_the_limit(monkeypatch, seconds, left):
    now = 1000.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    report, budget = Expecting(), Budget(RefineSettings(steps=500 + WARM + TIMED, seconds=seconds), 5)
    course = Course(budget, report)
    for budget.steps in range(1, 20):
        now += 2
        course.follow()
    assert report.expected == pytest.approx([left])


def test_a_machine_that_is_too_slow_for_the_least_steps_is_expected_to_take_longer(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    report, budget = Expecting(), Budget(RefineSettings(), 43)
    course = Course(budget, report)
    budget.steps, now = 100, 1040.0
    course.resume()  # which makes the 500 steps that are left take 0.48 s each
    assert report.expected == pytest.approx([500 * 0.4 * REST])


def test_the_time_left_is_expected_anew_after_other_work(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    report, budget = Expecting(), Budget(RefineSettings(steps=100), 5)
    course = Course(budget, report)
    budget.steps, now = 25, 1050.0
    course.resume()
    assert report.expected == pytest.approx([75 * 2 * REST])


def test_figures_of_a_refinement(nothing, photos, points):
    heard, many = [], photos[np.arange(24) % len(photos)]
    refine(nothing, many, RefineSettings(steps=20), Expecting(), points, hear=heard.append)
    (refinement,) = heard
    assert (refinement.steps, refinement.set_aside, refinement.finished) == (20, len(judging_views(24)), False)
    assert refinement.expected > 0 and 10 < refinement.psnr < 60 and refinement.improved


def test_no_figure_without_photos_set_aside(nothing, photos, points):
    heard = []
    refine(nothing, photos[np.arange(5)], RefineSettings(steps=3), Report(), points, hear=heard.append)
    assert (heard[0].set_aside, heard[0].psnr, heard[0].expected) == (0, None, None)


class Hasty(Report):
    """Asks to finish after a number of reports."""

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience

    def progress(self, stage: str, fraction: float) -> None:
        self.patience -= 1
        if self.patience == 0:
            self.finish()


def test_asked_to_finish_it_returns_the_best_splats_so_far(nothing, photos, points):
    heard = []
    splats = refine(nothing, photos, RefineSettings(steps=10**6), Hasty(60), points, hear=heard.append)
    assert len(splats) and heard[0].finished and 0 < heard[0].steps < 80


def test_last_steps_of_falling_rates_follow_a_request_to_finish(monkeypatch, nothing, photos, points):
    paces, step = [], Parameters.step
    monkeypatch.setattr(Parameters, "step", lambda self, used, *more: paces.append(used) or step(self, used, *more))
    refine(nothing, photos, RefineSettings(steps=10**6), Hasty(150), points)
    last = np.array(paces) >= 1 - LAST_SHARE
    assert np.diff(last.astype(int)).sum() == 1 and 0 < last.sum() <= np.ceil(len(paces) / 4)


def test_splats_are_not_removed_all(nothing, photos, points):
    few = replace(photos, weights=np.zeros(photos.images.shape[:3], np.float32))
    few.weights[:, 0, 0] = 0.01
    assert len(refine(nothing, few, RefineSettings(steps=3), Report(), points))
