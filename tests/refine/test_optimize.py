# SPDX-License-Identifier: GPL-3.0-or-later
"""Refinement from end to end on a little scene."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians, merge
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine import optimize
from tttlrm_blender.refine.best import judging_views
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.start import splats_from_points
from tttlrm_blender.render.metrics import evaluate_views
from tttlrm_blender.render.pictures import draw_views


class Follower(Report):
    """Records reports, and cancels after a number of them."""

    def __init__(self, patience: int = 10**9) -> None:
        super().__init__()
        self.fractions, self.previews, self.patience = [], [], patience

    def progress(self, stage: str, fraction: float) -> None:
        assert stage == "refine"
        self.fractions.append(fraction)
        if len(self.fractions) == self.patience:
            self.cancel()

    def preview(self, make: Callable[[], Gaussians]) -> None:
        self.previews.append(make())


def disturbed(gaussians: Gaussians) -> Gaussians:
    """Splats as a network might decode them: about right."""
    random = np.random.default_rng(2)
    means = gaussians.means + random.normal(0, 0.05, gaussians.means.shape).astype(np.float32)
    sh = gaussians.sh + random.normal(0, 0.3, gaussians.sh.shape).astype(np.float32)
    return Gaussians(means, gaussians.quats, gaussians.scales * 0.7, gaussians.opacities * 0.6, sh)


def test_points_alone_gain_several_decibels(nothing, photos, points):
    before = evaluate_views(splats_from_points(points), photos)
    few, more = (
        evaluate_views(refine(nothing, photos, RefineSettings(steps=steps), Report(), points), photos) for steps in (20, 80)
    )
    assert few["psnr"] > before["psnr"] + 2.5
    assert more["psnr"] > few["psnr"] + 1
    assert more["ssim"] > few["ssim"] > before["ssim"]


def test_splats_alone_gain_several_decibels(blobs, photos):
    start = disturbed(blobs)
    refined = refine(start, photos, RefineSettings(steps=60), Report(), None)
    assert evaluate_views(refined, photos)["psnr"] > evaluate_views(start, photos)["psnr"] + 3


def test_useless_splats_do_little_harm_beside_points(blobs, nothing, photos, points):
    random = np.random.default_rng(3)
    wrong = Gaussians(blobs.means * 1.5, blobs.quats, blobs.scales, blobs.opacities, random.normal(0, 2, blobs.sh.shape))
    settings = RefineSettings(steps=60)
    alone, both = (evaluate_views(refine(s, photos, settings, Report(), points), photos) for s in (nothing, wrong))
    assert both["psnr"] > alone["psnr"] - 0.1


def test_result_is_numpy_with_the_degree_asked_for(blobs, photos):
    refined = refine(blobs, photos, RefineSettings(steps=3, sh_degree=2), Report(), None)
    assert refined.sh.shape[1:] == (9, 3)
    assert all(isinstance(array, np.ndarray) and array.dtype == np.float32 for array in refined.arrays().values())
    np.testing.assert_allclose(np.linalg.norm(refined.quats, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("refined", [True, False])
def test_classic_splats_are_classic_even_if_antialiased_ones_were_better(blobs, photos, refined):
    start = replace(blobs, scales=blobs.scales * 0.2, antialiased=True)
    photos = replace(photos, images=draw_views(start, photos.cameras))
    assert not refine(start, photos, RefineSettings(steps=1, antialiased=False), Report(), refined=refined).antialiased


def test_the_same_work_gives_the_same_splats(blobs, photos, points):
    first, second = (refine(blobs, photos, RefineSettings(steps=5), Report(), points) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first.arrays().values(), second.arrays().values(), strict=True))


def test_steps_are_counted(blobs, photos):
    follower = Follower()
    refine(blobs, photos, RefineSettings(steps=7), follower, None)
    assert list(dict.fromkeys(follower.fractions)) == pytest.approx([step / 7 for step in range(8)])


def test_reports_for_every_photo_that_is_looked_at_before_the_first_step(blobs, photos, points):
    follower = Follower()
    refine(blobs, photos, RefineSettings(steps=1, exposure=False), follower, points)
    drawn_small = 2 * (len(photos) - len(judging_views(len(photos))))  # for start and sky; their detail is looked at too
    assert follower.fractions.count(0) >= drawn_small + len(photos)


def test_seconds_end_the_work_and_steps_do_when_they_are_fewer(blobs, photos):
    follower = Follower()
    started = time.perf_counter()
    refine(blobs, photos, RefineSettings(steps=10**9, seconds=0.5), follower, None)
    assert time.perf_counter() - started >= 0.5
    assert follower.fractions[-1] == 1.0
    assert follower.fractions == sorted(follower.fractions)
    follower = Follower()
    refine(blobs, photos, RefineSettings(steps=2, seconds=10**9), follower, None)
    assert [round(fraction, 3) for fraction in dict.fromkeys(follower.fractions) if fraction > 1e-3] == [0.5, 1]


def test_cancelling_raises_and_changes_nothing(blobs, photos, points):
    start = blobs.map(np.copy)
    with pytest.raises(Cancelled):
        refine(start, photos, RefineSettings(steps=1000), Follower(patience=5), points)
    for name, array in start.arrays().items():
        np.testing.assert_array_equal(array, blobs.arrays()[name])


def test_previews_are_offered(monkeypatch, blobs, photos):
    monkeypatch.setattr(optimize, "SECONDS_PER_PREVIEW", 0)
    follower = Follower()
    refine(blobs, photos, RefineSettings(steps=4), follower, None)
    assert len(follower.previews) >= 3
    assert all(isinstance(preview.means, np.ndarray) and len(preview) for preview in follower.previews)


@pytest.mark.parametrize("name", ["means", "quats", "scales", "opacities", "sh"])
def test_broken_splats_are_left_out_and_nothing_becomes_nan(name, blobs, photos):
    broken = blobs.map(np.copy)
    broken.arrays()[name][::7] = np.nan
    refined = refine(broken, photos, RefineSettings(steps=10), Report(), None)
    assert len(refined) > 0
    assert all(np.isfinite(array).all() for array in refined.arrays().values())


def test_extreme_splats_stay_finite(blobs, photos):
    extreme = blobs.map(np.copy)
    extreme.scales[0], extreme.scales[1], extreme.quats[2], extreme.opacities[3] = 0, 1e6, 0, 1
    extreme.means[4] = photos.cameras.c2w[0, :3, 3]
    refined = refine(extreme, photos, RefineSettings(steps=20), Report(), None)
    assert all(np.isfinite(array).all() for array in refined.arrays().values())


def test_an_error_without_splats_and_points(nothing, photos):
    with pytest.raises(TttlrmError) as caught:
        refine(nothing, photos, RefineSettings(steps=1), Report(), None)
    assert caught.value.code == "no_splats"


def test_splats_darker_than_black_find_their_colours(blobs, photos):
    buried = Gaussians(blobs.means, blobs.quats, blobs.scales, blobs.opacities, np.full_like(blobs.sh, -3))
    refined = refine(buried, photos, RefineSettings(steps=150), Report(), None)
    assert evaluate_views(refined, photos)["psnr"] > evaluate_views(buried, photos)["psnr"] + 6


def test_refined_splats_go_on_getting_better(nothing, photos, points):
    many = photos[np.arange(24) % len(photos)]
    once = refine(nothing, many, RefineSettings(steps=40), Report(), points)
    more = refine(once, many, RefineSettings(steps=80), Report(), None, refined=True)
    assert evaluate_views(more, many)["psnr"] > evaluate_views(once, many)["psnr"] + 3  # 5.8 to 7.1 dB, by roundings


@pytest.mark.parametrize("steps", [16, 40])
def test_a_short_run_goes_on_where_a_longer_one_ended(nothing, photos, points, steps):
    once = refine(nothing, photos, RefineSettings(steps=400), Report(), points)
    more = refine(once, photos, RefineSettings(steps=steps), Report(), None, refined=True)
    assert evaluate_views(more, photos)["psnr"] > evaluate_views(once, photos)["psnr"] + 0.1


def test_added_photos_are_learned_faster_than_all_over_again(nothing, photos, points):
    before = photos[np.arange(len(photos) // 2)]
    known = refine(nothing, before, RefineSettings(steps=80), Report(), points)
    settings = RefineSettings(steps=250, start="both")
    again, joined = (refine(known, photos, settings, Report(), points, refined=refined) for refined in (False, True))
    assert evaluate_views(joined, photos)["psnr"] > evaluate_views(known, photos)["psnr"] + 2
    assert evaluate_views(joined, photos)["psnr"] > evaluate_views(again, photos)["psnr"] + 2


def test_what_matches_added_photos_may_match_the_others_worse(nothing, photos, points):
    known = refine(nothing, photos[np.arange(4)], RefineSettings(steps=80), Report(), points)
    settings, heard = RefineSettings(steps=29, start="both"), []
    for added in (False, True):
        refine(known, photos, settings, Report(), points, refined=True, hear=heard.append, added=added)
    assert [how.improved for how in heard] == [False, True]


def test_perfect_splats_stay_as_they_are_when_refinement_goes_on(blobs, photos):
    report, notes = Report(), list[str]()
    report.note = lambda note: notes.append(str(note))
    again = refine(blobs, photos, RefineSettings(steps=3, sh_degree=0), report, None, refined=True)
    assert ["stay as they were" in note for note in notes] == [True]
    assert all(np.array_equal(a, b) for a, b in zip(again.arrays().values(), blobs.arrays().values(), strict=True))


def test_splats_that_cannot_be_improved_keep_what_no_photo_shows(blobs, photos, points):
    hidden = replace(blobs[:5], means=blobs.means[:5] + 100)
    given = merge([blobs, hidden])
    kept = refine(given, photos, RefineSettings(steps=1, start="points"), Report(), points)
    assert np.array_equal(kept.means, given.means)


def test_the_limit_holds_for_splats_that_cannot_be_improved(blobs, photos, points):
    report, notes = Report(), list[str]()
    report.note = lambda note: notes.append(str(note))
    limit = len(blobs) // 2
    kept = refine(blobs, photos, RefineSettings(steps=1, max_splats=limit, start="points"), report, points)
    assert 0 < len(kept) <= limit
    assert notes == [f"Refinement did not improve the splats: the {limit} most important of {len(blobs)} are kept."]
    assert evaluate_views(kept, photos)["psnr"] > evaluate_views(blobs[np.arange(limit)], photos)["psnr"]


def test_the_limit_holds_for_points(nothing, photos, points):
    assert len(refine(nothing, photos, RefineSettings(steps=3, max_splats=20), Report(), points)) <= 20
