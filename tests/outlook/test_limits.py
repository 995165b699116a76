# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of refinements."""

from tttlrm_blender.outlook.limits import BEST, FEWEST_STEPS, LEAST_STEPS, MOST_STEPS, SECONDS, USUAL_PIXELS, Limits, limits_of
from tttlrm_blender.protocol.settings import RefineSettings


def test_a_quality_follows_photos_pixels_and_machine():
    good, best = RefineSettings(), RefineSettings(quality="best")
    few, some, many = (limits_of(good, photos, USUAL_PIXELS).steps for photos in (3, 43, 10_000))
    assert FEWEST_STEPS["cpu"] == few < some < many == MOST_STEPS["cpu"]
    assert limits_of(good, 43, USUAL_PIXELS, "cuda").steps > some
    small, usual, large = (limits_of(good, 43, pixels).seconds for pixels in (1, USUAL_PIXELS, 10**9))
    assert small < usual == SECONDS < large < 200
    assert limits_of(best, 43, USUAL_PIXELS) == Limits(BEST * some, BEST * usual, least=LEAST_STEPS)


def test_limits_replace_the_quality():
    assert limits_of(RefineSettings(quality="best", steps=7), 43, USUAL_PIXELS) == Limits(7, 0.0)
    assert limits_of(RefineSettings(quality="draft", seconds=7.0), 43, USUAL_PIXELS) == Limits(0, 7.0)


def test_passes_follow_both_limits() -> None:
    assert Limits(100, 0).passes(50) == 2
    assert Limits(100, 5, pace=10).passes(50) == Limits(0, 5, pace=10).passes(50) == 1
