# SPDX-License-Identifier: GPL-3.0-or-later
"""Training losses (section 3.4 of the paper; with exact instead of estimated depth, as scenes are procedural)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..gaussians.gaussians import Gaussians
from ..model.backdrop import with_backdrop
from ..model.config import Config
from ..model.decoder import Candidates, choose, growth, to_gaussians, worth
from ..model.patches import pixel_order
from ..refine.loss import photo_loss
from ..render.perceptual import VggFeatures
from ..render.rasterize import rasterize
from ..stereo.sweep import SHRINK
from .batches import Batch
from .predict import Choice, Prediction

WHITE = (1.0, 1.0, 1.0)  # background, as for photos without a background
EXPLORE = 0.1  # as in inference by default: some of the dropped splats are drawn too, so that they get gradients
TRUST = 8.0  # target opacity exp(−TRUST · error): 1/e for a distance that is wrong by a factor of e^(1/8)


def kept_splats(
    config: Config, candidates: Candidates, shape: tuple[int, int, int], keep: float, seed: int
) -> list[Gaussians[Tensor]]:
    """The splats kept of each scene, out of candidates for the pixels of views of a shape (V, H, W), as in `read_splats`."""
    order = pixel_order(shape[0], shape[1:], config.patch_size).to(candidates.logits.device)
    back = order.argsort()  # patch by patch
    found = []
    for scene, logits in enumerate(candidates.logits):
        wanted = worth(config, logits[back].unflatten(0, (-1, config.patch_size**2)))
        mask = choose(wanted, shape[0], keep, EXPLORE, seed).flatten()[order]
        part = Candidates(*(part[scene][mask] for part in candidates))
        found.append(to_gaussians(part, scale=growth(config, mask)))
    return found


def draw_targets(config: Config, prediction: Prediction, batch: Batch, keep: float = 0.0, seed: int = 0) -> Tensor:
    """Render the kept splats before their backdrops for the target cameras: [S, K, H, W, 3]."""
    views, height, width = batch.images.shape[1:4]
    kept = kept_splats(config, prediction.candidates, (views, height, width), keep, seed)
    if prediction.backdrops:
        kept = [with_backdrop(*scene) for scene in zip(kept, prediction.backdrops, strict=True)]
    pairs = zip(kept, batch.target_cameras, strict=True)
    return torch.stack([rasterize(splats, cameras, (width, height), WHITE).rgb for splats, cameras in pairs])


def log_error(candidates: Candidates, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logarithm [S, N] of predicted over true distance, 0 for the background, and the mask [S, N] of the foreground."""
    origin = batch.c2w[:, :, None, None, :3, 3].expand(*batch.images.shape).flatten(1, 3)
    true = batch.distance.flatten(1)
    there = true > 0
    guess = (candidates.means - origin).norm(dim=-1)
    return torch.where(there, (guess / true.where(there, guess)).log(), 0), there


def choice_error(choice: Choice, distance: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy [V, h, w] of a choice against the true distances [V, H, W] of a scene, and the mask of where it is valid.

    The target is interpolated between the two nearest hypotheses; it is valid in their range.
    """
    true = distance[:, SHRINK // 2 :: SHRINK, SHRINK // 2 :: SHRINK]
    first, last = choice.log_distances[0], choice.log_distances[-1]
    there = (true > first.exp()) & (true < last.exp())
    steps = len(choice.log_distances) - 1
    place = ((true.clamp(min=1e-6).log() - first) / (last - first) * steps).clamp(0, steps)
    below = place.long().clamp(max=steps - 1)
    share = (place - below)[..., None]
    odds = torch.log_softmax(choice.logits, -1)
    error = -(1 - share) * odds.gather(-1, below[..., None]) - share * odds.gather(-1, below[..., None] + 1)
    return torch.where(there, error[..., 0], 0), there


def losses(
    config: Config, prediction: Prediction, batch: Batch, rendering: bool, perceptual: VggFeatures | None = None, seed: int = 0
) -> dict[str, Tensor]:
    """The loss terms by name, each a mean; those of rendered views only with `rendering`, and `seed` for `choose`.

    `depth` and `shape` compare logarithms of distance, `shape` without the scene's mean error; `choice` is the cross-entropy
    of the hypotheses; `trust` trains opacity to be the confidence of the distance; `opacity` penalizes opacity.
    """
    terms = depth_terms(prediction, batch)
    if rendering:
        drawn = draw_targets(config, prediction, batch, seed=seed)
        terms |= color_terms(drawn, batch.target_images, perceptual)
        terms["opacity"] = torch.sigmoid(prediction.candidates.logits).mean()
    return terms


def depth_terms(prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
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
    if prediction.choices is not None:
        pairs = [choice_error(*scene) for scene in zip(prediction.choices, batch.distance, strict=True)]
        wrong, counted = (torch.stack(part).sum() for part in zip(*pairs, strict=True))
        terms["choice"] = wrong / counted.clamp(min=1)
    return terms


def color_terms(pictures: Tensor, photos: Tensor, perceptual: VggFeatures | None = None) -> dict[str, Tensor]:
    """The terms that compare pictures with photos, [S, K, H, W, 3] each.

    `likeness` is the loss of 3D Gaussian splatting, which includes SSIM; `perceptual` needs VGG16.
    """
    drawn, true = pictures.flatten(0, 1), photos.flatten(0, 1)
    terms = {"color": F.mse_loss(drawn, true), "likeness": photo_loss(drawn, true)}
    return terms if perceptual is None else terms | {"perceptual": perceptual(drawn, true).mean()}
