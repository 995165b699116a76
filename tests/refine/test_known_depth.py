# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth that becomes finer during a refinement."""

import time
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
from tttlrm_blender.stereo.dense import DenseDepth

# Sentinels stand for depth maps that are only handed on.
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

    def measure(report: Report) -> Any:
        nonlocal now
        now += 7
        raise error

    started, budget.steps = budget.started, STEPS
    known = KnownDepth(COARSE, measure)
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
    known = KnownDepth(maps, lambda report: maps)
    known.guess(blobs)
    first, budget.steps = known.prior, STEPS
    assert known.follow(budget, Report()) and known.prior is not first
    assert np.array_equal(known.prior.depth, first.depth)
