# SPDX-License-Identifier: GPL-3.0-or-later
"""Data of training steps: the same in every process, of growing pictures, matched, chunked in the last stage."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from tttlrm_blender.train.batches import with_costs
from tttlrm_blender.train.loader import Loader, StepData, choose_shape, make_step_data
from tttlrm_blender.train.plan import STAGES, Budget, Plan
from tttlrm_blender.train.sampling import generator_for

from .small import CONFIG, PLAN, step_data


@pytest.fixture
def loader() -> Iterator[Loader]:
    """A loader with one worker process."""
    loader = Loader(CONFIG, PLAN, "cpu", processes=1)
    yield loader
    loader.close()


def same(one: StepData, two: StepData) -> bool:
    """Whether two steps have the same data."""
    tensors = (
        (a, b) for a, b in zip(vars(one.batch).values(), vars(two.batch).values(), strict=True) if isinstance(a, torch.Tensor)
    )
    return (one.spent, one.stage, one.views_per_update) == (two.spent, two.stage, two.views_per_update) and all(
        torch.equal(a, b) for a, b in tensors
    )


@pytest.mark.slow
def test_data_of_a_process_is_that_made_here(loader: Loader) -> None:
    budget = Budget(steps=8)
    for step in range(5, 8):
        assert same(loader.next(step, budget, 0.0), make_step_data(CONFIG, PLAN, step, step / 8, "cpu"))


def test_gpus_match_for_themselves() -> None:
    budget = Budget(steps=8)
    given = make_step_data(CONFIG, PLAN, 5, 5 / 8, "cpu", matched=False)
    assert given.batch.costs is None and same(
        StepData(given.spent, given.stage, given.views_per_update, with_costs(given.batch, CONFIG)),
        make_step_data(CONFIG, PLAN, 5, budget.spent(5, 0), "cpu"),
    )


def test_data_differs_from_step_to_step() -> None:
    assert same(step_data("splats", 1), step_data("splats", 1)) and not same(step_data("splats", 1), step_data("splats", 2))


def test_views_are_matched() -> None:
    costs = step_data("depth").batch.costs
    assert costs is not None and costs.shape[2:] == (16, 2, CONFIG.hypotheses) and costs.std() > 0


def test_every_other_step_of_the_last_stage_reads_chunks_some_of_them_in_the_frame_of_the_first() -> None:
    """In which the first cameras reach to 1, and others may be farther away."""
    plan = replace(PLAN, min_views=3)
    streamed, whole, scanned = (step_data("chunks", step, plan) for step in (1, 2, 3))
    assert [data.views_per_update for data in (streamed, whole, scanned)] == [PLAN.views_per_update, None, PLAN.views_per_update]
    reach = streamed.batch.c2w[:, : PLAN.views_per_update, :3, 3].abs().amax((1, 2))
    torch.testing.assert_close(reach, torch.ones_like(reach))
    assert streamed.batch.c2w[:, :, :3, 3].abs().max() > 1.01
    for data in (whole, scanned):
        reach = data.batch.c2w[:, :, :3, 3].abs().amax((1, 2))
        torch.testing.assert_close(reach, torch.ones_like(reach))
    assert step_data("splats", 1).views_per_update is None


def test_pictures_grow_and_scenes_fit_into_the_tokens() -> None:
    plan, areas = Plan(), {}
    for spent in (0.1, 0.7, 0.95):
        shapes = [choose_shape(plan, generator_for(0, step), spent, 8) for step in range(60)]
        areas[spent] = sum(shape.size[0] * shape.size[1] for shape in shapes)
        for shape in shapes:
            tokens = shape.scenes * shape.inputs * shape.size[0] * shape.size[1] / 64
            assert plan.min_views <= shape.inputs <= plan.max_views and (shape.scenes == 1 or tokens <= 1.5 * plan.tokens)
        assert {shape.inputs for shape in shapes} >= {2, 4, 8}
    assert areas[0.1] < areas[0.7] < areas[0.95]


def test_only_stages_that_draw_make_other_views() -> None:
    plan = Plan(stages=dict.fromkeys(STAGES, 1.0))
    others = {plan.stage(spent): choose_shape(plan, generator_for(0, 0), spent, 8).others for spent in (0.1, 0.3, 0.6, 0.9)}
    assert others == {"views": 3, "depth": 0, "splats": 3, "chunks": 3}
