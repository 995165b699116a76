# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network is trained for (paper, section 3.4; procedural scenes allow exact depth in place of estimated depth)."""

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

WHITE = (1.0, 1.0, 1.0)  # behind everything, as behind photos without background
EXPLORE = 0.1  # as in use by default: a few of those left out are drawn too, lest they stay out for ever
TRUST = 8.0  # a splat whose distance is wrong by a factor of e^(1/8) should have an opacity of 1/e


def kept_splats(config: Config, candidates: Candidates, views: int, keep: float, seed: int) -> list[Gaussians[Tensor]]:
    """The splats that are kept of each scene of a batch of candidates from so many views, as `read_splats` does in use."""
    masks = [choose(logits, views, keep, EXPLORE, seed) for logits in candidates.logits]
    found = (Candidates(*(part[scene][mask] for part in candidates)) for scene, mask in enumerate(masks))
    return [to_gaussians(part, scale=growth(config, mask)) for part, mask in zip(found, masks, strict=True)]


def draw_targets(config: Config, candidates: Candidates, batch: Batch, keep: float = 0.0, seed: int = 0) -> Tensor:
    """Pictures [S, K, H, W, 3] for the target cameras of what is kept of the predicted splats."""
    views, height, width = batch.images.shape[1:4]
    pairs = zip(kept_splats(config, candidates, views, keep, seed), batch.target_cameras, strict=True)
    return torch.stack([rasterize(splats, cameras, (width, height), WHITE).rgb for splats, cameras in pairs])


def log_error(candidates: Candidates, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logarithm [S, N] of predicted over true distance, 0 where nothing is, and the mask [S, N] of where something is."""
    origin = batch.c2w[:, :, None, None, :3, 3].expand(*batch.images.shape).flatten(1, 3)
    true = batch.distance.flatten(1)
    there = true > 0
    guess = (candidates.means - origin).norm(dim=-1)
    return torch.where(there, (guess / true.where(there, guess)).log(), 0), there


def choice_error(config: Config, logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Cross-entropy [S, T, (p/2)²] of log-odds [S, T, (p/2)², K] against the true distance, and where there is one.

    The truth is shared out between the two hypotheses about it; it counts where it lies between near and far.
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
    """The terms by name, each a mean; those of rendered views only where `rendering` asks for them, with `seed` for `choose`.

    `depth` and `shape` compare logarithms of distance, the latter after the scene's mean error is taken out; `choice`
    those between hypotheses; `trust` wants opacity to say how far the distance can be trusted; `opacity` wants little of it.
    """
    terms = depth_terms(config, prediction, batch)
    if rendering:
        drawn = draw_targets(config, prediction.candidates, batch, seed=seed)
        terms |= color_terms(drawn, batch.target_images, perceptual)
        terms["opacity"] = torch.sigmoid(prediction.candidates.logits).mean()
    return terms


def depth_terms(config: Config, prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
    """The terms that compare distances with the true ones."""
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

    `likeness` is the loss of 3D Gaussian splatting, which has SSIM in it; `perceptual` needs features of VGG16.
    """
    drawn, true = pictures.flatten(0, 1), photos.flatten(0, 1)
    terms = {"color": F.mse_loss(drawn, true), "likeness": photo_loss(drawn, true)}
    return terms if perceptual is None else terms | {"perceptual": perceptual(drawn, true).mean()}
