# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward passes: splats in the order of the pixels, and pictures of unseen views."""

import pytest
import torch

from tttlrm_blender.model.depth import Guess
from tttlrm_blender.model.patches import patches
from tttlrm_blender.train import predict as module
from tttlrm_blender.train.losses import color_terms, log_error
from tttlrm_blender.train.predict import ViewHead, predict, predict_views
from tttlrm_blender.train.trainer import fresh_model

from .small import CONFIG, small_trainer, step_data


def test_splats_of_a_true_guess_are_compared_with_the_distances_of_their_own_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = step_data("splats").batch
    true = patches(batch.distance[..., None], CONFIG.patch_size)
    assert true.std() > 0.1
    guesses = iter([Guess(scene.clamp(min=1e-3).log(), torch.zeros_like(scene)) for scene in true])
    monkeypatch.setattr(module, "read_guess", lambda *given: next(guesses))
    error, there = log_error(predict(fresh_model(CONFIG), batch).candidates, batch)
    assert there.any() and error.abs().max() < 1e-5


def test_splats_have_the_colors_of_their_own_pixels() -> None:
    batch = step_data("splats").batch
    found, choices, backdrops = predict(fresh_model(CONFIG), batch)
    torch.testing.assert_close(found.sh[:, :, 0] * 0.28209479 + 0.5, batch.images.flatten(1, 3))
    assert choices and backdrops and len(choices) == len(backdrops) == len(batch.images)
    assert all(choice.logits.shape[-1:] == choice.log_distances.shape for choice in choices)
    assert sum(choice.logits[..., 0].numel() for choice in choices) * 4 == found.logits.numel()


def test_chunks_see_what_one_pass_does_not() -> None:
    batch, model = step_data("chunks").batch, small_trainer().model
    with torch.no_grad():
        torch.nn.init.normal_(model.output_layers[1].weight)
        whole, chunked = (predict(model, batch, views_per_update=views).candidates.logits for views in (None, 1))
    assert whole.isfinite().all() and chunked.isfinite().all() and not torch.allclose(whole, chunked)


def test_view_synthesis_gives_pictures_of_the_targets_and_learns_one_problem() -> None:
    given, trainer = step_data("views"), small_trainer()
    drawn, true = predict_views(trainer.model, trainer.view_head, given.batch)
    assert drawn.shape == true.shape == given.batch.target_images.shape
    assert drawn.min() >= 0 and drawn.max() <= 1
    terms = [trainer.train_step(given) for _ in range(40)]
    assert terms[-1]["color"] < 0.5 * terms[0]["color"] and terms[-1]["loss"] < 0.7 * terms[0]["loss"]


def test_view_synthesis_is_not_told_the_colors_of_its_targets() -> None:
    batch, model = step_data("views").batch, fresh_model(CONFIG)
    head = ViewHead(CONFIG)
    drawn = predict_views(model, head, batch)[0]
    other = module.Batch(**{**vars(batch), "target_images": torch.rand_like(batch.target_images)})
    torch.testing.assert_close(predict_views(model, head, other)[0], drawn)
    assert color_terms(drawn, batch.target_images)["color"] > 0
