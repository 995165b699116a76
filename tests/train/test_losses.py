# SPDX-License-Identifier: GPL-3.0-or-later
"""The terms of the loss."""

from dataclasses import replace

import torch

from tttlrm_blender.model.patches import patches
from tttlrm_blender.stereo.sweep import SHRINK, split_range
from tttlrm_blender.train.evaluate import flat_guess, true_guess
from tttlrm_blender.train.losses import choice_error, color_terms, depth_terms
from tttlrm_blender.train.predict import Prediction

from .small import CONFIG, step_data

BATCH = step_data("splats").batch


def cells(value: torch.Tensor) -> torch.Tensor:
    """Values [S, V, H, W] at the cells that are matched: [S, T, (p/2)²]."""
    return patches(value[:, :, 1::SHRINK, 1::SHRINK, None], CONFIG.patch_size // SHRINK)


def odds_for(distance: torch.Tensor) -> torch.Tensor:
    """Log-odds [..., K] that are certain of the hypothesis nearest to a distance [...]."""
    steps = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses).log()
    return -40 * (distance.clamp(min=1e-3).log()[..., None] - steps).abs()


def test_the_right_choice_costs_less_than_any_other_and_than_none() -> None:
    true = cells(BATCH.distance)
    right, wrong, none = (
        choice_error(CONFIG, logits, BATCH)[0].sum()
        for logits in (odds_for(true), odds_for(true * 3), torch.zeros(*true.shape, CONFIG.hypotheses))
    )
    assert right < 0.5 * wrong and torch.isfinite(wrong)
    torch.testing.assert_close(none, torch.tensor(CONFIG.hypotheses).log() * (true > CONFIG.near).sum())


def test_the_truth_between_two_hypotheses_is_shared_out() -> None:
    steps = split_range(CONFIG.near, CONFIG.far, CONFIG.hypotheses)
    between = replace(BATCH, distance=torch.full_like(BATCH.distance, float((steps[2] * steps[3]).sqrt())))
    logits = torch.full((*cells(between.distance).shape, CONFIG.hypotheses), -50.0)
    logits[..., 2:4] = 0.0
    torch.testing.assert_close(choice_error(CONFIG, logits, between)[0], torch.full(logits.shape[:-1], 2.0).log())


def test_what_is_empty_or_out_of_reach_does_not_count() -> None:
    distance = torch.full_like(BATCH.distance, 1.0)
    distance[:, 0], distance[:, 1] = 0.0, CONFIG.far * 2
    logits = torch.randn(*cells(distance).shape, CONFIG.hypotheses)
    wrong, counted = choice_error(CONFIG, logits, replace(BATCH, distance=distance))
    assert not counted[:, : 2 * counted.shape[1] // BATCH.images.shape[1]].any() and (wrong[~counted] == 0).all()


def test_shape_forgives_a_wrong_scale_and_depth_does_not() -> None:
    true = true_guess(CONFIG, BATCH)
    origin = BATCH.c2w[:, :, None, None, :3, 3].expand(*BATCH.images.shape).flatten(1, 3)
    doubled = true._replace(means=origin + 2 * (true.means - origin))
    terms = depth_terms(CONFIG, Prediction(doubled, None), BATCH)
    torch.testing.assert_close(terms["depth"], torch.tensor(2.0).log(), atol=1e-3, rtol=0)
    assert terms["shape"] < 1e-3


def test_trust_wants_opacity_where_distances_are_right_only() -> None:
    true, flat = true_guess(CONFIG, BATCH), flat_guess(CONFIG, BATCH)
    opaque, hidden = (flat._replace(logits=torch.full_like(flat.logits, logit)) for logit in (3.0, -3.0))
    trust = {
        name: depth_terms(CONFIG, Prediction(guess, None), BATCH)["trust"]
        for name, guess in (("true", true), ("opaque", opaque), ("hidden", hidden))
    }
    assert trust["true"] < 1e-3 and trust["hidden"] < trust["opaque"]


def test_a_picture_like_the_photo_costs_nothing() -> None:
    terms = color_terms(BATCH.target_images, BATCH.target_images)
    assert set(terms) == {"color", "likeness"} and all(term.abs() < 1e-5 for term in terms.values())
    assert color_terms(1 - BATCH.target_images, BATCH.target_images)["likeness"] > 0.1
