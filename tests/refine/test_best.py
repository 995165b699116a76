# SPDX-License-Identifier: GPL-3.0-or-later
"""Refinement never returns worse splats than it was given, judged by photos set aside."""

import numpy as np
import pytest

from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.best import COST, DRAWING, ENOUGH, JOIN, MOST_JUDGES, MOST_LEARNED, READ, Best, judging_views
from tttlrm_blender.refine.budget import Budget
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.photo_gradients import PhotoGradients
from tttlrm_blender.render.metrics import evaluate_psnr, evaluate_views


class Learner:
    """Stands for parameters whose splats get better and, after a share of the budget, worse."""

    def __init__(self, splats, peak: float, budget: Budget) -> None:
        self.splats, self.peak, self.budget = splats, peak, budget

    def to_numpy(self):
        away = abs(self.budget.used - self.peak)
        return self.splats[: int(len(self.splats) * (1 - 0.8 * away))]


@pytest.fixture
def many(photos) -> PhotoSet:
    """Twenty photos."""
    return photos[np.arange(20) % len(photos)]


def joined_at(best: Best, learner: Learner, steps: int) -> list[float]:
    """Shares of the budget at which the judges join."""
    budget, joined = learner.budget, []
    for budget.steps in range(1, steps + 1):
        if best.follow(learner, budget):
            joined.append(budget.used)
    return joined


def test_a_few_photos_of_many_are_set_aside() -> None:
    for count in range(200):
        apart = judging_views(count)
        assert len(apart) == len(set(apart.tolist())) and (len(apart) > 0) == (count >= ENOUGH)
        assert len(apart) <= max(1, min(MOST_JUDGES, count / 8)) and all(0 < view < count - 1 for view in apart)


def test_the_better_splats_are_kept(blobs, photos) -> None:
    best = Best(blobs[:40], photos, exposure=False)
    assert best.offer(blobs) > 0 > best.offer(blobs[:50])
    assert best.splats is blobs


def test_any_splats_are_better_than_none(blobs, photos) -> None:
    best = Best(blobs[:0], photos, exposure=False)
    assert best.offer(blobs[:0]) == 0 < best.offer(blobs[:1]) and len(best.splats) == 1


def test_judges_join_once_where_splats_get_better_all_the_time(blobs, many) -> None:
    budget = Budget(RefineSettings(steps=1000), len(many))
    best = Best(blobs[:0], many, exposure=False)
    assert joined_at(best, Learner(blobs, 1.0, budget), 1000) == [JOIN]


@pytest.mark.parametrize(("peak", "share"), [(1.0, 1.0), (0.3, 0.5 / JOIN)])
def test_an_open_budget_is_wound_up_where_splats_stop_getting_better(blobs, many, peak: float, share: float) -> None:
    budget = Budget(RefineSettings(), len(many))
    most, budget.seconds = budget.most_steps, 0.0
    best, learner = Best(blobs[:0], many, exposure=False), Learner(blobs, peak, budget)
    while budget.used < 1:
        budget.steps += 1
        best.follow(learner, budget)
    assert budget.steps == pytest.approx(share * most, rel=0.02)


def test_a_limit_is_not_wound_up(blobs, many) -> None:
    budget = Budget(RefineSettings(steps=1000), len(many))
    best = Best(blobs[:0], many, exposure=False)
    joined_at(best, Learner(blobs, 0.3, budget), 1000)
    assert budget.most_steps == 1000


def test_the_figure_is_that_before_the_judges_join(blobs, many) -> None:
    budget = Budget(RefineSettings(steps=1000), len(many))
    best, learner = Best(blobs[:0], many, exposure=False), Learner(blobs, 1.0, budget)
    joined_at(best, learner, 1000)
    figure = best.unlearned_psnr
    assert figure is not None and best.offer(blobs) > 0 and best.psnr > figure == best.unlearned_psnr


def test_judges_stay_aside_where_photos_are_overfitted(blobs, many) -> None:
    budget = Budget(RefineSettings(steps=1000), len(many))
    best = Best(blobs[:0], many, exposure=False)
    assert joined_at(best, Learner(blobs, 0.2, budget), 1000) == []
    assert len(best.splats) > 0.95 * len(blobs)


@pytest.mark.parametrize("steps", [10, 100, 1000])
def test_judging_costs_little(blobs, many, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    budget = Budget(RefineSettings(steps=steps), len(many))
    best, offered = Best(blobs[:0], many, exposure=False), []
    monkeypatch.setattr(best, "offer", lambda splats: offered.append(splats) or -1.0)
    joined_at(best, Learner(blobs, 0.2, budget), steps)
    assert 1 <= len(offered) <= 10 and (len(offered) - 1) * len(best.judges) * DRAWING <= COST * steps


def test_refined_splats_are_judged_by_photos_that_they_have_learned_from(photos, blobs) -> None:
    few, many = (Best(blobs, photos[np.arange(count) % len(photos)], exposure=False, refined=True) for count in (9, 200))
    assert len(few.apart) == len(many.apart) == 0
    assert len(few.judges) == 9 and len(many.judges) == MOST_LEARNED


def test_perfect_splats_come_back_unharmed(blobs, photos, points) -> None:
    refined = refine(blobs, photos, RefineSettings(steps=3, start="points", sh_degree=0), Report(), points)
    assert all(np.array_equal(a, b) for a, b in zip(refined.arrays().values(), blobs.arrays().values(), strict=True))


@pytest.mark.parametrize("good", [True, False])
def test_photos_set_aside_are_learned_from_once_the_splats_are_better(
    blobs, photos, points, monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    drawn: list[int] = []
    backward = PhotoGradients.backward
    monkeypatch.setattr(PhotoGradients, "backward", lambda self, view, *args: drawn.append(view) or backward(self, view, *args))
    many: PhotoSet = photos[np.arange(24) % len(photos)]
    apart = set(judging_views(24).tolist())
    refine(blobs[:0] if good else blobs, many, RefineSettings(steps=240, start="points"), Report(), points)
    assert not apart & set(drawn[: int(240 * JOIN)])
    assert (apart <= set(drawn[int(240 * JOIN) :])) == good


def test_the_quick_measure_is_that_of_evaluation(blobs, photos) -> None:
    assert evaluate_psnr(blobs[:50], photos) == pytest.approx(evaluate_views(blobs[:50], photos)["psnr"])


def test_photos_that_the_network_has_read_flatter_its_splats(blobs, photos, many) -> None:
    worse = blobs[:60]
    alike = Best(worse, many, exposure=False)
    assert alike.first == pytest.approx(evaluate_psnr(worse, alike.judges) - READ)
    assert alike.offer(worse) == pytest.approx(READ)
    assert Best(worse, photos[np.arange(ENOUGH - 1)], exposure=False).offer(worse) == 0  # all have learned from these
    assert Best(worse, many, exposure=False, refined=True).offer(worse) == 0


def test_others_may_be_worse_by_an_allowance(photos, blobs):
    assert Best(blobs[:40], photos, exposure=False, refined=True, allowance=0.5).offer(blobs[:40]) == pytest.approx(0.5)
