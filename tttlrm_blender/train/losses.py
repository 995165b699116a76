# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network is trained for (paper, section 3.4; procedural scenes allow exact depth in place of estimated depth)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..gaussians.gaussians import Gaussians
from ..model.decoder import Candidates, decode_all, to_gaussians
from ..model.network import TttLRM
from ..render.rasterize import rasterize
from .batches import Batch

WHITE = (1.0, 1.0, 1.0)  # behind everything, as behind photos without background
TRUST = 8.0  # a splat whose distance is wrong by a factor of e^(1/8) should have an opacity of 1/e


def predict(model: TttLRM, batch: Batch, bfloat16: bool = False) -> Candidates:
    """The network's candidates [S, V·H·W] for the input views, from one pass over all of them."""
    tokens = model.tokenize(batch.images, batch.c2w, batch.intrinsics)
    view = model.view_tokens(*batch.images.shape[2:4])
    with torch.autocast(tokens.device.type, torch.bfloat16, enabled=bfloat16):
        tokens, _ = model.scan(tokens, view, [slice(0, tokens.shape[1])])
    return decode_all(model, tokens.float(), batch.images, batch.c2w, batch.intrinsics)


def scene_splats(candidates: Candidates) -> list[Gaussians]:
    """The splats of each scene of a batch of candidates."""
    everything = to_gaussians(candidates)
    return [everything[scene] for scene in range(len(candidates.means))]


def draw_targets(candidates: Candidates, batch: Batch) -> Tensor:
    """Pictures [S, K, H, W, 3] of the predicted splats for the target cameras."""
    height, width = batch.images.shape[2:4]
    pairs = zip(scene_splats(candidates), batch.target_cameras, strict=True)
    return torch.stack([rasterize(splats, cameras, (width, height), WHITE).rgb for splats, cameras in pairs])


def log_error(candidates: Candidates, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logarithm [S, N] of predicted over true distance, 0 where nothing is, and the mask [S, N] of where something is."""
    origin = batch.c2w[:, :, None, None, :3, 3].expand(*batch.images.shape).flatten(1, 3)
    true = batch.distance.flatten(1)
    there = true > 0
    guess = (candidates.means - origin).norm(dim=-1)
    return torch.where(there, (guess / true.where(there, guess)).log(), 0), there


def losses(candidates: Candidates, batch: Batch, rendering: bool) -> dict[str, Tensor]:
    """The terms by name, each a mean: depth, its scale-invariant part, trust (opacity), and colour of rendered targets."""
    error, there = log_error(candidates, batch)
    count = there.sum(-1, keepdim=True).clamp(min=1)
    offset = error.sum(-1, keepdim=True) / count
    worth = torch.exp(-TRUST * error.detach().abs()) * there
    terms = {
        "depth": error.abs().sum() / count.sum(),
        "shape": ((error - offset).abs() * there).sum() / count.sum(),
        "trust": F.binary_cross_entropy_with_logits(candidates.logits, worth),
    }
    if rendering:
        terms["color"] = F.mse_loss(draw_targets(candidates, batch), batch.target_images)
    return terms
