# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are stopped, or end early with what they have."""

import pytest

from tttlrm_blender.errors import Cancelled
from tttlrm_blender.progress import Report


def test_a_job_that_has_nothing_yet_is_stopped_by_finishing():
    report = Report()
    report("load", 0.0)
    report.finish()
    with pytest.raises(Cancelled):
        report("load", 0.5)


def test_what_adds_to_a_result_is_skipped_by_finishing_and_the_rest_is_done():
    report, done = Report(), []
    with report.skippable():
        report("refine", 0.0)
        report.finish()
        report("refine", 0.5)
        done.append("refined")
    with report.skippable():
        report("mesh", 0.0)
        done.append("mesh")
    report("save", 0.0)
    assert done == [] and report.finishing


def test_a_result_is_kept_from_the_first_skippable_block_on():
    report = Report()
    with report.skippable():
        report("refine", 0.0)
    report.finish()
    report("save", 0.0)
    report.cancel()
    with pytest.raises(Cancelled):
        report("save", 0.5)


def test_cancelling_leaves_skippable_blocks_too():
    report = Report()
    report.cancel()
    with pytest.raises(Cancelled), report.skippable():
        report("refine", 0.0)
