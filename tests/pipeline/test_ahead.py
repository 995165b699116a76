# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse points that are looked for ahead of their refinement."""

from unittest import mock

import pytest

from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.pipeline import ahead
from tttlrm_blender.pipeline.ahead import MANY, find_points, points_ahead
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings


@pytest.mark.parametrize(
    ("count", "start", "fine"),
    [(MANY, "auto", False), (MANY, "both", False), (MANY, "points", True), (MANY - 1, "auto", True)],
)
def test_points_are_coarse_only_beside_the_dense_depth_of_many_photos(monkeypatch, count, start, fine):
    find = mock.Mock()
    monkeypatch.setattr(ahead, "sparse_points", find)
    report, photos = Report(), [mock.sentinel.photo] * count
    assert find_points(photos, RefineSettings(steps=1, start=start), report) is find.return_value
    find.assert_called_once_with(photos, report, fine=fine)


@pytest.mark.parametrize(
    ("count", "settings"),
    [(1, RefineSettings(steps=1)), (9, RefineSettings(steps=1, start="decoded")), (9, RefineSettings(quality="draft"))],
)
def test_points_that_are_not_needed_are_not_looked_for(monkeypatch, count, settings):
    monkeypatch.setattr(ahead, "sparse_points", mock.Mock(side_effect=AssertionError))
    assert find_points([mock.sentinel.photo] * count, settings, Report()) is None


@pytest.mark.parametrize("error", [None, TttlrmError("There are none.")])
def test_points_errors_and_notes_are_handed_over(monkeypatch, error):
    def find(photos, report, fine):
        report.note(text("Sparse points are not kept for the next time: {}", "full"))
        if error:
            raise error
        return mock.sentinel.points

    monkeypatch.setattr(ahead, "sparse_points", find)
    report = Report()
    with (
        mock.patch.object(report, "note") as note,
        points_ahead([mock.sentinel.photo] * 2, RefineSettings(steps=1)) as take,
    ):
        if error:
            with pytest.raises(TttlrmError, match="There are none"):
                take(report)
        else:
            assert take(report) is mock.sentinel.points
    note.assert_called_once()
