# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a network does on procedural scenes that no training run has seen, beside guesses that know nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..model.config import Config
from ..model.decoder import Candidates, activate, anchors, opacity_offset
from ..model.network import TttLRM
from .batches import Batch, Shape, make_batch, with_costs
from .chance import generator_for
from .losses import draw_targets, log_error, predict

HELD_OUT = 2**31 - 1  # the seed of scenes kept for evaluation; training runs use smaller ones
CONTRAST = 12.0  # opacity logit of the splats of `flat_guess`: opaque


@torch.no_grad()
def evaluate(model: TttLRM, scenes: int = 64, size: tuple[int, int] = (128, 128)) -> dict[str, float]:
    """Mean figures over held-out scenes: PSNR of unseen views in dB, and the mean error of log distance.

    `grey_*` is a picture in the mean colour of the inputs; `flat_*` are opaque splats in the pixels' colours at the
    true median distance of each scene, which no honest method knows.
    """
    shape = Shape(scenes=1, inputs=8, others=4, size=size)
    rows = [
        _figures(model, with_costs(make_batch(generator_for(HELD_OUT, scene), shape), model.config)) for scene in range(scenes)
    ]
    return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]}


def validate(model: TttLRM) -> dict[str, float]:
    """The figures of a few small held-out scenes, in a few seconds."""
    return evaluate(model, scenes=16, size=(64, 64))


def _figures(model: TttLRM, batch: Batch) -> dict[str, float]:
    guess, flat = predict(model, batch).candidates, flat_guess(model.config, batch)
    grey = batch.images.mean((1, 2, 3))[:, None, None, None]
    return {
        "psnr": _unseen_psnr(draw_targets(guess, batch), batch),
        "flat_psnr": _unseen_psnr(draw_targets(flat, batch), batch),
        "grey_psnr": _unseen_psnr(grey.expand_as(batch.target_images), batch),
        "depth_error": _depth_error(guess, batch),
        "flat_depth_error": _depth_error(flat, batch),
    }


def flat_guess(config: Config, batch: Batch) -> Candidates:
    """Opaque splats of the pixels' size and colour, all at the median distance of their scene."""
    anchored = Config(**{**vars(config), "anchored": True, "hypotheses": 0})
    anchor = anchors(batch.images, batch.c2w, batch.intrinsics).flatten(1, 3)
    candidates = activate(anchored, anchor.new_zeros(*anchor.shape[:2], config.channels), anchor)
    origin, direction = anchor[..., :3], anchor[..., 3:6]
    before = (candidates.means - origin).norm(dim=-1, keepdim=True)
    middle = torch.stack([d[d > 0].median() for d in batch.distance])[:, None, None]
    return candidates._replace(
        means=origin + middle * direction,
        log_scales=candidates.log_scales + (middle / before).log(),
        logits=candidates.logits - opacity_offset(anchored) + CONTRAST,
    )


def _unseen_psnr(pictures: Tensor, batch: Batch) -> float:
    """Mean PSNR of the views that were not inputs."""
    square = (pictures.clamp(0, 1) - batch.target_images)[:, :-1].square().mean((2, 3, 4))
    return float((-10 * square.clamp(min=1e-10).log10()).mean())


def _depth_error(candidates: Candidates, batch: Batch) -> float:
    error, there = log_error(candidates, batch)
    return float(error.abs().sum() / there.sum().clamp(min=1))
