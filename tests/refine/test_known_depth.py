# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth that becomes finer during a refinement."""

import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.budget import Budget
from tttlrm_blender.refine.known_depth import FINER, OPAQUE, KnownDepth
from tttlrm_blender.render.rasterize import rasterize
from tttlrm_blender.stages import Stage
from tttlrm_blender.stereo.dense import DenseDepth, Work

# Sentinels stand for depth maps that are only handed on.
COARSE, FINE = mock.sentinel.coarse, mock.sentinel.fine
STEPS = 40


@pytest.fixture
def budget() -> Budget:
    return Budget(RefineSettings(steps=STEPS, seconds=1000.0), 4)


def measuring(parts: int, found: Any = FINE, act: Callable[[Report], None] = lambda report: None) -> Any:
    """What measures finer depth in so many parts, and acts in each."""

    def measure(report: Report) -> Work[Any]:
        for _ in range(parts):
            act(report)
            yield
        return found

    return mock.Mock(side_effect=measure)


def test_depth_becomes_finer_once_photo_by_photo_between_steps(budget):
    parts, changed = 5, []
    measure = measuring(parts)
    known = KnownDepth(COARSE, measure)
    for budget.steps in range(STEPS):
        assert known.maps is (FINE if changed else COARSE)
        if known.follow(budget, Report()):
            changed.append(budget.steps)
    assert changed == [FINER * STEPS + parts] and measure.call_count == 1


def test_its_time_is_not_that_of_the_budget(budget, monkeypatch):
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def act(report: Report) -> None:
        nonlocal now
        now += 7

    started, budget.steps = budget.started, STEPS
    known = KnownDepth(COARSE, measuring(2, act=act))
    while not known.follow(budget, Report()):
        pass
    assert budget.started == pytest.approx(started + 2 * 7)


def test_progress_of_measuring_is_not_shown(budget):
    report = mock.Mock(wraps=Report())
    budget.steps = STEPS
    KnownDepth(COARSE, measuring(1, act=lambda report: report(Stage.DEPTH, 0))).follow(budget, report)
    assert report.listen.called and not report.progress.called


def test_a_cancelled_job_stops(budget):
    report, budget.steps = Report(), STEPS
    report.cancel()
    with pytest.raises(Cancelled):
        KnownDepth(COARSE, measuring(1, act=lambda report: report(Stage.DEPTH, 0))).follow(budget, report)


@pytest.mark.parametrize(
    ("error", "note", "logged"),
    [
        (TttlrmError("The disk is full."), "Refining goes on with coarse depth: The disk is full.", False),
        (MemoryError(), "Refining goes on with coarse depth, after an unexpected MemoryError.", True),
        (IndexError(3), "Refining goes on with coarse depth, after an unexpected IndexError.", True),
    ],
)
def test_depth_that_cannot_be_measured_more_finely_stays_coarse_and_is_told(budget, monkeypatch, caplog, error, note, logged):
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    report, notes = Report(), list[str]()
    report.note = lambda text: notes.append(str(text))

    def fail(report: Report) -> None:
        nonlocal now
        now += 7
        raise error

    started, budget.steps = budget.started, STEPS
    known = KnownDepth(COARSE, measuring(1, act=fail))
    assert known.follow(budget, report) and known.maps is known.prior is COARSE
    assert notes == [note] and budget.started == pytest.approx(started + 7)
    assert bool(caplog.records) == logged
    assert not known.follow(budget, report), "once"


def test_coarse_depth_alone_stays(budget):
    budget.steps = STEPS
    assert not KnownDepth(COARSE).follow(budget, Report())


def test_a_draft_is_believed_where_nothing_is_confirmed(blobs, photos):
    size = 8
    cameras = photos.cameras.resized(size, size)
    with torch.no_grad():
        drawn = rasterize(blobs.map(torch.as_tensor), cameras, (size, size))
    confidence = np.zeros((len(photos), size, size), np.float32)
    confidence[:, : size // 2] = 0.5
    maps = DenseDepth(np.full_like(confidence, 9), np.zeros((*confidence.shape, 3), np.float32), confidence, cameras)
    known = KnownDepth(maps)
    known.guess(blobs)
    guessed = (confidence == 0) & (drawn.alpha.numpy() > OPAQUE)
    assert guessed.any()
    assert np.array_equal(known.prior.confidence, np.where(guessed, 1, confidence))
    np.testing.assert_allclose(known.prior.depth, np.where(guessed, drawn.depth.numpy(), 9), rtol=1e-6)
    assert known.maps is maps


def test_finer_depth_is_completed_too(blobs, photos, budget):
    empty = np.zeros((len(photos), 4, 4), np.float32)
    maps = DenseDepth(empty, np.zeros((*empty.shape, 3), np.float32), empty, photos.cameras.resized(4, 4))
    known = KnownDepth(maps, measuring(0, maps))
    known.guess(blobs)
    first, budget.steps = known.prior, STEPS
    assert known.follow(budget, Report()) and known.prior is not first
    assert np.array_equal(known.prior.depth, first.depth)
