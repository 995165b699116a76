# SPDX-License-Identifier: GPL-3.0-or-later
"""Training losses (section 3.4 of the paper; with exact instead of estimated depth, as scenes are procedural)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..gaussians.gaussians import Gaussians
from ..model.config import Config
from ..model.decoder import Candidates, choose, growth, to_gaussians
from ..model.patches import patches
from ..refine.loss import photo_loss
from ..render.perceptual import VggFeatures
from ..render.rasterize import rasterize
from ..stereo.sweep import SHRINK
from .batches import Batch
from .predict import Prediction

WHITE = (1.0, 1.0, 1.0)  # background, as for photos without a background
EXPLORE = 0.1  # as in inference by default: some of the dropped splats are drawn too, so that they get gradients
TRUST = 8.0  # target opacity exp(−TRUST · error): 1/e for a distance that is wrong by a factor of e^(1/8)


def kept_splats(config: Config, candidates: Candidates, views: int, keep: float, seed: int) -> list[Gaussians[Tensor]]:
    """The splats kept of each scene, out of candidates from `views` views, selected as in `read_splats`."""
    masks = [choose(logits, views, keep, EXPLORE, seed) for logits in candidates.logits]
    found = (Candidates(*(part[scene][mask] for part in candidates)) for scene, mask in enumerate(masks))
    return [to_gaussians(part, scale=growth(config, mask)) for part, mask in zip(found, masks, strict=True)]


def draw_targets(config: Config, candidates: Candidates, batch: Batch, keep: float = 0.0, seed: int = 0) -> Tensor:
    """Render the kept splats for the target cameras: [S, K, H, W, 3]."""
    views, height, width = batch.images.shape[1:4]
    pairs = zip(kept_splats(config, candidates, views, keep, seed), batch.target_cameras, strict=True)
    return torch.stack([rasterize(splats, cameras, (width, height), WHITE).rgb for splats, cameras in pairs])


def log_error(candidates: Candidates, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logarithm [S, N] of predicted over true distance, 0 for the background, and the mask [S, N] of the foreground."""
    origin = batch.c2w[:, :, None, None, :3, 3].expand(*batch.images.shape).flatten(1, 3)
    true = batch.distance.flatten(1)
    there = true > 0
    guess = (candidates.means - origin).norm(dim=-1)
    return torch.where(there, (guess / true.where(there, guess)).log(), 0), there


def choice_error(config: Config, logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Cross-entropy [S, T, (p/2)²] of log-odds [S, T, (p/2)², K] against the true distance, and the mask of where it is valid.

    The target is interpolated between the two nearest hypotheses; it is valid between near and far.
    """
    inner = batch.distance[..., SHRINK // 2 :: SHRINK, SHRINK // 2 :: SHRINK, None]
    true = patches(inner, config.patch_size // SHRINK)  # [S, T, (p/2)²]
    there = (true > config.near) & (true < config.far)
    place = (true.clamp(config.near, config.far) / config.near).log() / math.log(config.far / config.near) * config.hypotheses
    place = (place - 0.5).clamp(0, config.hypotheses - 1)
    below = place.long().clamp(max=config.hypotheses - 2)
    share = (place - below)[..., None]
    odds = torch.log_softmax(logits, -1)
    error = -(1 - share) * odds.gather(-1, below[..., None]) - share * odds.gather(-1, below[..., None] + 1)
    return torch.where(there, error[..., 0], 0), there


def losses(
    config: Config, prediction: Prediction, batch: Batch, rendering: bool, perceptual: VggFeatures | None = None, seed: int = 0
) -> dict[str, Tensor]:
    """The loss terms by name, each a mean; those of rendered views only with `rendering`, and `seed` for `choose`.

    `depth` and `shape` compare logarithms of distance, `shape` without the scene's mean error; `choice` is the cross-entropy
    of the hypotheses; `trust` trains opacity to be the confidence of the distance; `opacity` penalizes opacity.
    """
    terms = depth_terms(config, prediction, batch)
    if rendering:
        drawn = draw_targets(config, prediction.candidates, batch, seed=seed)
        terms |= color_terms(drawn, batch.target_images, perceptual)
        terms["opacity"] = torch.sigmoid(prediction.candidates.logits).mean()
    return terms


def depth_terms(config: Config, prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
    """The terms that compare predicted with true distances."""
    error, there = log_error(prediction.candidates, batch)
    count = there.sum(-1, keepdim=True).clamp(min=1)
    offset = error.sum(-1, keepdim=True) / count
    worth = torch.exp(-TRUST * error.detach().abs()) * there
    terms = {
        "depth": error.abs().sum() / count.sum(),
        "shape": ((error - offset).abs() * there).sum() / count.sum(),
        "trust": F.binary_cross_entropy_with_logits(prediction.candidates.logits, worth),
    }
    if prediction.choice is not None:
        wrong, counted = choice_error(config, prediction.choice, batch)
        terms["choice"] = wrong.sum() / counted.sum().clamp(min=1)
    return terms


def color_terms(pictures: Tensor, photos: Tensor, perceptual: VggFeatures | None = None) -> dict[str, Tensor]:
    """The terms that compare pictures with photos, [S, K, H, W, 3] each.

    `likeness` is the loss of 3D Gaussian splatting, which includes SSIM; `perceptual` needs VGG16.
    """
    drawn, true = pictures.flatten(0, 1), photos.flatten(0, 1)
    terms = {"color": F.mse_loss(drawn, true), "likeness": photo_loss(drawn, true)}
    return terms if perceptual is None else terms | {"perceptual": perceptual(drawn, true).mean()}
