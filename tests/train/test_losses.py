# SPDX-License-Identifier: GPL-3.0-or-later
"""The terms of the loss."""

import torch

from tttlrm_blender.stereo.sweep import SHRINK, split_range
from tttlrm_blender.train.evaluate import flat_guess, true_guess
from tttlrm_blender.train.losses import choice_error, color_terms, depth_terms
from tttlrm_blender.train.predict import Choice, Prediction

from .small import CONFIG, step_data

BATCH = step_data("splats").batch


STEPS = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses).log()


def cells(value: torch.Tensor) -> torch.Tensor:
    """Values [V, H, W] at the cells that are matched: [V, h, w]."""
    return value[:, 1::SHRINK, 1::SHRINK]


def odds_for(distance: torch.Tensor) -> Choice:
    """A choice [..., K] that is certain of the hypothesis nearest to a distance [...]."""
    return Choice(STEPS, -40 * (distance.clamp(min=1e-3).log()[..., None] - STEPS).abs())


def test_the_right_choice_costs_less_than_any_other_and_than_none() -> None:
    true = cells(BATCH.distance[0])
    nothing = Choice(STEPS, torch.zeros(*true.shape, CONFIG.hypotheses))
    choices = odds_for(true), odds_for(true * 3), nothing
    (right, _), (wrong, _), (none, there) = (choice_error(choice, BATCH.distance[0]) for choice in choices)
    assert right.sum() < 0.5 * wrong.sum() and torch.isfinite(wrong).all() and there.any()
    torch.testing.assert_close(none.sum(), torch.tensor(CONFIG.hypotheses).log() * there.sum())


def test_the_truth_between_two_hypotheses_is_shared_out() -> None:
    between = torch.full_like(BATCH.distance[0], float((STEPS[2:4].sum() / 2).exp()))
    logits = torch.full((*cells(between).shape, CONFIG.hypotheses), -50.0)
    logits[..., 2:4] = 0.0
    error, _ = choice_error(Choice(STEPS, logits), between)
    torch.testing.assert_close(error, torch.full(logits.shape[:-1], 2.0).log())


def test_what_is_empty_or_out_of_range_does_not_count() -> None:
    distance = torch.full_like(BATCH.distance[0], 1.0)
    distance[0], distance[1] = 0.0, CONFIG.far * 2
    wrong, counted = choice_error(Choice(STEPS, torch.randn(*cells(distance).shape, CONFIG.hypotheses)), distance)
    assert not counted[:2].any() and counted[2:].all() and (wrong[~counted] == 0).all()


def test_shape_forgives_a_wrong_scale_and_depth_does_not() -> None:
    true = true_guess(CONFIG, BATCH)
    origin = BATCH.c2w[:, :, None, None, :3, 3].expand(*BATCH.images.shape).flatten(1, 3)
    doubled = true._replace(means=origin + 2 * (true.means - origin))
    terms = depth_terms(Prediction(doubled), BATCH)
    torch.testing.assert_close(terms["depth"], torch.tensor(2.0).log(), atol=1e-3, rtol=0)
    assert terms["shape"] < 1e-3


def test_trust_wants_opacity_where_distances_are_right_only() -> None:
    true, flat = true_guess(CONFIG, BATCH), flat_guess(CONFIG, BATCH)
    opaque, hidden = (flat._replace(logits=torch.full_like(flat.logits, logit)) for logit in (3.0, -3.0))
    trust = {
        name: depth_terms(Prediction(guess), BATCH)["trust"]
        for name, guess in (("true", true), ("opaque", opaque), ("hidden", hidden))
    }
    assert trust["true"] < 1e-3 and trust["hidden"] < trust["opaque"]


def test_a_picture_like_the_photo_costs_nothing() -> None:
    terms = color_terms(BATCH.target_images, BATCH.target_images)
    assert set(terms) == {"color", "likeness"} and all(term.abs() < 1e-5 for term in terms.values())
    assert color_terms(1 - BATCH.target_images, BATCH.target_images)["likeness"] > 0.1
