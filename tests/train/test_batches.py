# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches: normalized as inference does, with distances that put the splats where the scene is."""

from dataclasses import replace

import torch

from tttlrm_blender.train.batches import Shape, make_batch
from tttlrm_blender.train.evaluate import flat_guess, true_guess
from tttlrm_blender.train.losses import draw_targets, log_error, losses
from tttlrm_blender.train.plan import SMALL_NETWORK
from tttlrm_blender.train.predict import Prediction
from tttlrm_blender.train.sampling import generator_for

SHAPE = Shape(scenes=2, inputs=8, others=2, size=(48, 32))


def test_input_cameras_are_normalised_and_targets_follow() -> None:
    batch = make_batch(generator_for(0, 0), SHAPE)
    reach = batch.c2w[..., :3, 3].abs().amax((1, 2))
    torch.testing.assert_close(reach, torch.ones(2))
    torch.testing.assert_close(batch.c2w[..., :3, 3].mean(1), torch.zeros(2, 3), atol=1e-5, rtol=0)
    for scene in range(2):
        repeated = torch.from_numpy(batch.target_cameras[scene].c2w[-1]).float()
        torch.testing.assert_close(repeated, batch.c2w[scene, 0])
    torch.testing.assert_close(batch.target_images[:, -1], batch.images[:, 0], atol=0.05, rtol=0)


def test_distances_are_within_the_reach_of_the_network() -> None:
    distance = make_batch(generator_for(4, 0), Shape(scenes=60, inputs=4, others=0, size=(16, 16))).distance
    beyond = (distance > SMALL_NETWORK.far) | ((distance > 0) & (distance < SMALL_NETWORK.near))
    assert beyond.float().mean() < 0.02


def test_exposure_differs_between_the_inputs_of_some_scenes_only() -> None:
    batch = make_batch(generator_for(2, 0), Shape(scenes=16, inputs=2, others=1, size=(16, 16)))
    before, after = batch.target_images[:, -1], batch.images[:, 0]
    changed = (before != after).flatten(1).any(1)
    assert 0 < changed.float().mean() < 0.7
    assert torch.equal(before[batch.distance[:, 0] == 0], after[batch.distance[:, 0] == 0])


def test_splats_at_the_true_distance_show_the_scene() -> None:
    batch = make_batch(generator_for(1, 0), replace(SHAPE, scenes=12))
    baselines = {"true": true_guess, "flat": flat_guess}
    guesses = {name: Prediction(baseline(SMALL_NETWORK, batch)) for name, baseline in baselines.items()}
    error, there = log_error(guesses["true"].candidates, batch)
    assert torch.equal(there, batch.distance.flatten(1) > 0) and error.abs().max() < 1e-4
    scores = {  # in an input view, which the splats cover
        name: (draw_targets(SMALL_NETWORK, guess, batch, keep=1) - batch.target_images)[:, -1].square().mean()
        for name, guess in guesses.items()
    }
    assert scores["true"] < 0.7 * scores["flat"]
    terms = {name: losses(SMALL_NETWORK, guess, batch, rendering=True) for name, guess in guesses.items()}
    assert all(terms["true"][name] < terms["flat"][name] for name in ("depth", "shape", "trust", "color", "likeness"))
