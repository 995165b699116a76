# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward passes in training: splats of the input views, or pictures of the target views (section 4.1 of the paper)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..gaussians.gaussians import Gaussians
from ..model.backdrop import backdrop
from ..model.config import Config
from ..model.decoder import Candidates, decode_all, patch_anchors
from ..model.depth import DepthHead, Guess, Views, read_guess, sweep_again
from ..model.network import Rule, TttLRM, chunk_ranges
from ..model.patches import pixel_order, unpatched
from .batches import Batch

GRAY = 0.5  # color of the pixels of target views in the network's input


class Choice(NamedTuple):
    """The network's choice between the distances of its second sweep, for one scene."""

    log_distances: Tensor  # [K]
    logits: Tensor  # [V, h, w, K]


class Prediction(NamedTuple):
    """The network's prediction for the input views of S scenes."""

    candidates: Candidates  # [S, V·H·W], view by view and row by row, as distances in a batch
    choices: list[Choice] | None = None  # of the S scenes, for networks with a plane sweep
    backdrops: list[Gaussians[Tensor]] | None = None  # of the S scenes, for the same networks


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
    choices = guess = backdrops = None
    if model.depth is not None and batch.costs is not None:
        scenes = list(map(Views, batch.images, batch.c2w, batch.intrinsics))
        choices = [choose(model.depth, *given) for given in zip(tokens, batch.costs, scenes, strict=True)]
        guesses = [read_guess(model.config, *choice, scene) for choice, scene in zip(choices, scenes, strict=True)]
        guess = Guess(*(torch.stack(part) for part in zip(*guesses, strict=True)))
        p, terms = model.config.patch_size, (model.config.sh_degree + 1) ** 2
        backdrops = [backdrop(scene, found.log_distance, p, terms) for scene, found in zip(scenes, guesses, strict=True)]
    anchor = patch_anchors(model.config, batch.images, batch.c2w, batch.intrinsics, guess)
    order = pixel_order(batch.images.shape[1], batch.images.shape[2:4], model.config.patch_size).to(tokens.device)
    found = decode_all(model, tokens, anchor)  # patch by patch
    return Prediction(Candidates(*(part.index_select(1, order) for part in found)), choices, backdrops)


def choose(head: DepthHead, tokens: Tensor, costs: Tensor, views: Views) -> Choice:
    """The choice between distances in one scene, from final tokens [T, D], and costs."""
    log_distances, logits = sweep_again(head, tokens, costs, views)
    return Choice(log_distances, torch.stack(list(logits)))


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
