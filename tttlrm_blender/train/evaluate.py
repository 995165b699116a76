# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate a network on held-out procedural scenes, beside trivial baselines."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..atomic_files import replacing
from ..model.config import Config
from ..model.decoder import PIXEL_DEVIATION, Candidates, activate, anchors
from ..model.memory import device_of
from ..model.network import TttLRM
from ..render.metrics import error_colors
from .batches import Batch, Shape, make_batch, with_costs
from .losses import draw_targets, log_error
from .plan import HELD_OUT, UNSEEN
from .predict import Prediction, predict
from .sampling import generator_for

CONTRAST = 14.0  # opacity logit of opaque splats


@torch.no_grad()
def evaluate(model: TttLRM, scenes: int = 64, size: tuple[int, int] = (128, 128), keep: float = 0.0) -> dict[str, float]:
    """Mean metrics over held-out scenes: PSNR of unseen views in dB, and the mean error of log distance.

    Only the splats that `choose` keeps are drawn, as in inference.
    Baselines: `grey_*` is a picture in the mean color of the inputs; `flat_*` are opaque splats in the pixels' colors at the
    true median distance of each scene, and `true_*` at the true distance of each pixel, an upper bound.
    """
    batches = (held_out_batch(model.config, scene, 8, size).to(device_of(model)) for scene in range(scenes))
    rows = [_figures(model, batch, keep) for batch in batches]
    return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]}


def validate(model: TttLRM) -> dict[str, float]:
    """Metrics of a few small held-out scenes, in a few seconds."""
    return evaluate(model, scenes=16, size=(64, 64))


@torch.no_grad()
def validation_pictures(model: TttLRM, path: Path, scenes: int = 6) -> None:
    """Write a PNG with a row for each of the first held-out scenes: an unseen view, the rendered splats, and the error."""
    batches = (held_out_batch(model.config, scene, 8, (128, 128)).to(device_of(model)) for scene in range(scenes))
    rows = [_row(model, batch) for batch in batches]
    with replacing(path) as part:
        Image.fromarray((np.concatenate(rows) * 255 + 0.5).astype(np.uint8)).save(part, "PNG")


def _row(model: TttLRM, batch: Batch) -> np.ndarray:
    drawn = draw_targets(model.config, predict(model, batch), batch)[0, 0].clamp(0, 1).cpu().numpy()
    true = batch.target_images[0, 0].cpu().numpy()
    return np.concatenate([true, drawn, error_colors(np.abs(drawn - true).mean(-1))], axis=1)


def held_out_batch(config: Config, scene: int, views: int, size: tuple[int, int]) -> Batch:
    """One held-out scene with some views in addition to its inputs."""
    shape = Shape(scenes=1, inputs=views, others=UNSEEN, size=size)
    return with_costs(make_batch(generator_for(HELD_OUT, scene), shape), config)


def _figures(model: TttLRM, batch: Batch, keep: float) -> dict[str, float]:
    guess = predict(model, batch)
    flat, true = (Prediction(baseline(model.config, batch)) for baseline in (flat_guess, true_guess))
    grey = batch.images.mean((1, 2, 3))[:, None, None, None]
    return {
        "psnr": _unseen_psnr(draw_targets(model.config, guess, batch, keep), batch),
        "flat_psnr": _unseen_psnr(draw_targets(model.config, flat, batch, keep=1), batch),
        "true_psnr": _unseen_psnr(draw_targets(model.config, true, batch, keep=1), batch),
        "grey_psnr": _unseen_psnr(grey.expand_as(batch.target_images), batch),
        "depth_error": _depth_error(guess.candidates, batch),
        "flat_depth_error": _depth_error(flat.candidates, batch),
    }


def flat_guess(config: Config, batch: Batch) -> Candidates:
    """Opaque splats of the pixels' size and color, all at the median distance of their scene."""
    middle = torch.stack([d[d > 0].median() for d in batch.distance])
    return _opaque(config, batch, middle[:, None].expand(-1, batch.distance[0].numel()))


def true_guess(config: Config, batch: Batch) -> Candidates:
    """Opaque splats of the pixels' size and color at their true distance; none for the background."""
    return _opaque(config, batch, batch.distance.flatten(1))


def _opaque(config: Config, batch: Batch, distance: Tensor) -> Candidates:
    """Opaque splats at distances [S, V·H·W] along the pixels' rays, transparent ones where the distance is 0."""
    anchored = replace(config, anchored=True, hypotheses=0)
    anchor = anchors(batch.images, batch.c2w, batch.intrinsics).flatten(1, 3)
    candidates = activate(anchored, anchor.new_zeros(*anchor.shape[:2], config.channels), anchor)
    there, distance = distance > 0, distance[..., None].clamp(min=1e-6)
    return candidates._replace(
        means=anchor[..., :3] + distance * anchor[..., 3:6],
        log_scales=(PIXEL_DEVIATION * distance * anchor[..., 9:]).log().expand(-1, -1, 3),
        logits=torch.where(there, CONTRAST, -CONTRAST),
    )


def _unseen_psnr(pictures: Tensor, batch: Batch) -> float:
    """Mean PSNR of the views that were not inputs."""
    square = (pictures.clamp(0, 1) - batch.target_images)[:, :-1].square().mean((2, 3, 4))
    return float((-10 * square.clamp(min=1e-10).log10()).mean())


def _depth_error(candidates: Candidates, batch: Batch) -> float:
    error, there = log_error(candidates, batch)
    return float(error.abs().sum() / there.sum().clamp(min=1))
