# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the running job, from the events of client and worker."""

from types import SimpleNamespace

import pytest

from operators.engine import messages
from operators.jobs.activity import BEFORE, Activity

EVENTS = [
    (messages.Progress("connect", 0.0), 0.0, "Starting the worker"),
    (messages.Progress("upload", 0.5), BEFORE / 2, "Uploading the photos 2%"),
    (messages.Queued(1), BEFORE / 2, "Waiting for another job"),
    (messages.Queued(2), BEFORE / 2, "Waiting for 2 other jobs"),
    (messages.Progress("load", 0.0, 200.0, 1, 5, 0.0), BEFORE, "Step 1 of 5: Reading the photos, about 3 min left"),
    (messages.Progress("depth", 0.5, 89.0, 4, 5, 0.5), (1 + BEFORE) / 2, "Step 4 of 5: Measuring depth, about 90 s left"),
    (messages.Progress("depth", 0.5, None, 4, 5, 0.5), (1 + BEFORE) / 2, "Step 4 of 5: Measuring depth"),
    (messages.Progress("refine", 1.0, 0.0, 5, 5, 1.0), 1.0, "Step 5 of 5: Refining splats, about 0 s left"),
]


def test_the_bar_is_one_for_the_whole_job_and_says_what_it_waits_for():
    job = Activity("Reconstruct", SimpleNamespace())
    for event, fraction, line in EVENTS:
        job.take(event)
        assert (job.fraction, job.text) == (pytest.approx(fraction), line)


def test_a_stage_that_a_newer_worker_has_is_told_by_its_own_name():
    job = Activity("Reconstruct", SimpleNamespace())
    job.take(messages.Progress("fold", 0.5, None, 1, 2, 0.25))
    assert job.text == "Step 1 of 2: fold"
