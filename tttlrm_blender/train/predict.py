# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward passes in training: splats of the input views, or pictures of the target views (section 4.1 of the paper)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..model.config import Config
from ..model.decoder import Candidates, decode_all, patch_anchors
from ..model.depth import read_guess
from ..model.network import Rule, TttLRM, chunk_ranges
from ..model.patches import pixel_order, unpatched
from .batches import Batch

GRAY = 0.5  # color of the pixels of target views in the network's input


class Prediction(NamedTuple):
    """The network's prediction for the input views of S scenes."""

    candidates: Candidates  # [S, V·H·W], view by view and row by row, as distances in a batch
    choice: Tensor | None  # [S, T, (p/2)², K], log-odds of the depth hypotheses, for networks that have these


class ViewHead(nn.Module):
    """Decodes final tokens of target rays to colors; only for pre-training, and not part of a checkpoint."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.dim, bias=False)
        self.linear = nn.Linear(config.dim, 3 * config.patch_size**2)

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens [S, T, D] → colors [S, T, p·p·3], 0 to 1."""
        return torch.sigmoid(self.linear(self.norm(tokens)))


def predict(model: TttLRM, batch: Batch, bfloat16: bool = False, views_per_update: int | None = None) -> Prediction:
    """Predict splats of the input views, in one pass over all of them or in chunks of `views_per_update`."""
    tokens = model.tokenize(batch.images, batch.c2w, batch.intrinsics, batch.costs)
    view = model.view_tokens(*batch.images.shape[2:4])
    with torch.autocast(tokens.device.type, torch.bfloat16, enabled=bfloat16):
        tokens, _ = model.scan(tokens, view, chunk_ranges(batch.images.shape[1], view, views_per_update), _rule(bfloat16))
    tokens = tokens.float()
    choice = guess = None
    if model.depth is not None and batch.costs is not None:
        choice = model.depth.logits(tokens, batch.costs)
        guess = read_guess(model.config, choice)
    anchor = patch_anchors(model.config, batch.images, batch.c2w, batch.intrinsics, guess)
    order = pixel_order(batch.images.shape[1], batch.images.shape[2:4], model.config.patch_size).to(tokens.device)
    found = decode_all(model, tokens, anchor)  # patch by patch
    return Prediction(Candidates(*(part.index_select(1, order) for part in found)), choice)


def predict_views(model: TttLRM, head: ViewHead, batch: Batch, bfloat16: bool = False) -> tuple[Tensor, Tensor]:
    """Predict pictures [S, K, H, W, 3] of the target views from their rays alone; returns these and the true ones."""
    c2w = torch.stack([torch.from_numpy(cameras.c2w) for cameras in batch.target_cameras]).to(batch.c2w)
    intrinsics = torch.stack([torch.from_numpy(cameras.intrinsics) for cameras in batch.target_cameras]).to(batch.c2w)
    inputs = model.tokenize(batch.images, batch.c2w, batch.intrinsics, batch.costs)
    queries = model.tokenize(torch.full_like(batch.target_images, GRAY), c2w, intrinsics)
    view, read = model.view_tokens(*batch.images.shape[2:4]), inputs.shape[1]
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16):
        tokens, _ = model.scan(torch.cat([inputs, queries], 1), view, [slice(0, read)], _rule(bfloat16))
    return unpatched(head(tokens[:, read:].float()), batch.target_images.shape[2:4]), batch.target_images


def _rule(bfloat16: bool) -> Rule:
    return Rule(dtype=torch.bfloat16 if bfloat16 else torch.float32)
