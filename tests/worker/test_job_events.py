# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports and results of a job as events."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

from tests.worker.small_worker import splats
from tttlrm_blender import errors
from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.progress import Report, Sight
from tttlrm_blender.protocol.codec import Array
from tttlrm_blender.protocol.messages import Cancelled, Done, Failed, Preview, Progress
from tttlrm_blender.protocol.results import Figures, Nothing
from tttlrm_blender.stages import Step
from tttlrm_blender.worker.job_events import PREVIEW_SECONDS, PREVIEW_SPLATS, JobReport, outcome


@dataclass(frozen=True)
class Rows:
    """A result."""

    sizes: list[int]
    rows: Annotated[np.ndarray, Array("<f4", ("N", 3))]


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told():
    """A report with the events it emitted and its clock."""
    events, clock = [], Clock()
    return JobReport(events.append, clock), events, clock


def test_at_most_twenty_reports_a_second_are_told(told):
    report, events, clock = told
    for step in range(1000):
        clock.now = 100 + step / 1000
        report("work", step / 1000)
    assert 15 <= len(events) <= 20


def test_every_stage_is_told_at_once(told):
    report, events, _ = told
    for stage in ("load", "encode", "decode"):
        report(stage, 0.0)
        report(stage, 0.5)
    assert events == [Progress("load", 0.0), Progress("encode", 0.0), Progress("decode", 0.0)]


def test_progress_tells_how_far_the_whole_job_is(told):
    report, events, clock = told
    report.plan({Step.DRAFT: 10.0, Step.REFINE: 30.0})
    report.begin(Step.DRAFT)
    report("encode", 1.0)
    report.begin(Step.REFINE)
    clock.now += 10
    report("refine", 0.5)
    first, second = events
    assert (first.step, first.steps, second.step, second.steps) == (1, 2, 2, 2)
    assert (second.fraction, second.done) == (0.5, pytest.approx(25 / 40))
    assert second.seconds_left < first.seconds_left


def test_previews_are_copies_and_not_too_many(told):
    report, events, clock = told
    report.watched = True
    gaussians = splats(2)
    report.preview(lambda: gaussians)
    report.preview(lambda: pytest.fail("this one is too early to be made"))
    gaussians.means[:] = 7
    (event,) = events
    clock.now += PREVIEW_SECONDS
    report.preview(lambda: gaussians)
    assert len(events) == 2
    assert isinstance(event, Preview) and (event.gaussians.means == 1).all()


def test_previews_are_thinned(told):
    report, events, _ = told
    report.watched = True
    report.preview(lambda: splats(PREVIEW_SPLATS * 2))
    assert len(events[0].gaussians) == PREVIEW_SPLATS


def test_without_anybody_to_look_previews_are_not_made(told):
    report, events, _ = told
    report.preview(lambda: pytest.fail("nobody looks"))
    assert not events


def test_a_cancelled_report_stops_the_work(told):
    report, _, _ = told
    report.cancel()
    assert outcome(lambda report: report("work", 0.1), report, None) == Cancelled()


def failing(error: BaseException):
    """Work that raises."""

    def work(report: Report) -> Nothing:
        raise error

    return work


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


@pytest.mark.parametrize(
    "error", [MemoryError(), OutOfMemoryError("CUDA"), RuntimeError("DefaultCPUAllocator: can't allocate memory: 1 bytes")]
)
def test_lack_of_memory_is_said_plainly(error):
    event = outcome(failing(error), Report(), None)
    assert isinstance(event, Failed) and event.code == "out_of_memory" and "memory" in str(event.text)


def test_a_full_disk_is_said_plainly():
    event = outcome(failing(OSError(28, "No space left on device", "/tmp/a")), Report(), None)
    assert isinstance(event, Failed) and event.code == "cannot_write"
    assert str(event.error()) == "/tmp/a cannot be written: No space left on device. Free some disk space."


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError("secret"), SystemExit(1), RecursionError()])
def test_the_unexpected_names_the_log_and_keeps_its_traceback_there(error, caplog):
    with caplog.at_level(logging.ERROR):
        event = outcome(failing(error), Report(), Path("worker.log"))
    assert isinstance(event, Failed) and event.code == "internal"
    assert "worker.log" in event.error().hint and "secret" not in str(event.error())
    assert "Traceback" in caplog.text and type(error).__name__ in caplog.text


def test_an_error_for_people_arrives_as_it_is():
    event = outcome(
        failing(TttlrmError("The photo {} is broken.", "a.jpg", hint="Take another.", code="bad_photo")), Report(), None
    )
    assert event == Failed("bad_photo", text("The photo {} is broken.", "a.jpg"), text("Take another."))
    assert outcome(failing(errors.Cancelled()), Report(), None) == Cancelled()


def test_a_result_is_made_ready_to_send():
    rows = np.arange(6, dtype=">f4").reshape(3, 2).T
    event = outcome(lambda report: Rows([1, 2], rows), Report(), None)
    assert isinstance(event, Done) and event.info == {"sizes": [1, 2]} and list(event.arrays) == ["rows"]
    sent = event.arrays["rows"]
    assert sent.dtype == "<f4" and sent.flags.c_contiguous and (sent == rows).all()


@pytest.mark.parametrize(
    "result",
    [
        Figures(float("nan"), 0.5),
        Figures(np.float32(1), 0.5),
        Rows([1, 2], np.array([["b"]])),
        Rows([1, 2], np.zeros((2, 4), np.float32)),
        Rows([1, 2], None),
        {"no": "dataclass"},
    ],
)
def test_a_result_that_cannot_travel_is_the_jobs_fault(result):
    event = outcome(lambda report: result, Report(), None)
    assert isinstance(event, Failed) and event.code == "internal"


def test_points_and_cameras_are_told_before_there_are_splats(told):
    report, events, _ = told
    sight = Sight(splats(2), np.tile(np.eye(4), (3, 1, 1)), np.ones((3, 4)), np.ones((3, 2), int))
    report.sight(lambda: pytest.fail("nobody is watching"))
    report.watched = True
    report.sight(lambda: sight)
    (event,) = events
    assert len(event.gaussians) == 2 and len(event.cameras) == 3
