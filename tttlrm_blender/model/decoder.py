# SPDX-License-Identifier: GPL-3.0-or-later
"""Query tokens → splats, one candidate per pixel of the query views, of which only some are fully decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ..gaussians.gaussians import SH_DC, Gaussians
from ..geometry.rays import world_rays
from ..kernels import torch_in_order
from .config import Config
from .depth import Guess
from .network import TttLRM
from .patches import patches

PIXEL_DEVIATION = 0.6  # standard deviation of a splat that covers its pixel, in pixels
MAX_LOG_GROWTH = 2.0  # logarithm of the largest ratio of an anchored splat's size to its pixel's
MOST_CORRECTION = 0.15  # of the logarithm of a distance guess


class Candidates(NamedTuple):
    """Splats of N pixels as the network predicts them, before activation."""

    means: Tensor  # [N, 3] in the normalized frame
    sh: Tensor  # [N, (degree + 1)², 3]
    log_scales: Tensor  # [N, 3]
    quats: Tensor  # [N, 4], w x y z, of any length
    logits: Tensor  # [N], of the opacities


def distance(config: Config, channels: Tensor) -> Tensor:
    """Distance [N] along the unit ray for the three position channels [N, 3]."""
    share = torch.sigmoid(channels.float().mean(-1))
    if config.depth_range == "linear":
        return share * config.far
    if config.depth_range == "near_far":
        return config.near + share * (config.far - config.near)
    return config.near * (config.far / config.near) ** share


def split(config: Config, raw: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Position, SH, log-scale, rotation and opacity channels of raw [..., channels]."""
    terms = (config.sh_degree + 1) ** 2
    position, sh, scale, rotation, opacity = raw.split([3, 3 * terms, 3, 4, 1], dim=-1)
    return position, sh.unflatten(-1, (terms, 3)), scale, rotation, opacity


def anchors(images: Tensor, c2w: Tensor, intrinsics: Tensor) -> Tensor:
    """The anchors of splats, one per pixel [..., H, W, 10]: ray origin, unit direction, color, and pixel size.

    images: [..., H, W, 3], 0 to 1; c2w: [..., 4, 4]; intrinsics: [..., 4]. The size is that of a pixel at distance 1.
    """
    origins, directions = world_rays(c2w, intrinsics, *images.shape[-3:-1])
    depth = (directions * c2w[..., None, None, :3, 2]).sum(-1, keepdim=True)
    return torch.cat([origins, directions, images, depth / intrinsics[..., None, None, :1]], -1)


def activate(config: Config, raw: Tensor, anchor: Tensor) -> Candidates:
    """Candidates of raw decoder channels [..., channels] at pixels given by their `patch_anchors` [..., A]."""
    position, sh, scale, rotation, opacity = split(config, raw.float())
    origin, direction, color, size, guess = anchor.split([3, 3, 3, 1, anchor.shape[-1] - 10], dim=-1)
    far = (corrected(position, guess[..., 0]) if config.hypotheses else distance(config, position))[..., None]
    if config.anchored:
        constant = sh[..., :1, :] + (color[..., None, :] - 0.5) / SH_DC
        sh = torch.cat([constant, sh[..., 1:, :]], -2)
        scale = (far * size * PIXEL_DEVIATION).log() + scale.clamp(max=MAX_LOG_GROWTH)
        rotation = rotation + rotation.new_tensor([1, 0, 0, 0])
    else:
        scale = (scale - 2.3).clamp(max=-1.2)
    return Candidates(origin + direction * far, sh, scale, rotation, opacity_logit(config, opacity[..., 0], anchor[..., -1]))


def corrected(channels: Tensor, log_distance: Tensor) -> Tensor:
    """Distance [N] along the unit ray: a guess, given as its logarithm [N], corrected by channels [N, 3]."""
    return (log_distance + MOST_CORRECTION * torch.tanh(channels.mean(-1))).exp()


def opacity_logit(config: Config, channel: Tensor, log_odds: Tensor | None) -> Tensor:
    """Opacity logits [...] of pixels from the opacity channel [...]; probably right guesses give more opaque splats."""
    logit = channel + opacity_offset(config)
    return logit + log_odds if config.hypotheses and log_odds is not None else logit


def opacity_offset(config: Config) -> float:
    """The opacity logit of a zero in the opacity channel."""
    if config.hypotheses:
        return 0.0
    return 2.0 if config.anchored else -2.0


def patch_anchors(config: Config, images: Tensor, c2w: Tensor, intrinsics: Tensor, guess: Guess | None = None) -> Tensor:
    """The anchors of the splats of all pixels, patch by patch: [B, T, p·p, A].

    images: [B, V, H, W, 3], 0 to 1; c2w: [B, V, 4, 4]; intrinsics: [B, V, 4]. A is 10, as in `anchors`; networks
    with a plane sweep add the two parts of their `guess` [B, T, p·p].
    """
    anchor = patches(anchors(images, c2w, intrinsics), config.patch_size).unflatten(-1, (-1, 10))
    return anchor if guess is None else torch.cat([anchor, torch.stack(guess, -1)], -1)


def decode_all(model: TttLRM, tokens: Tensor, anchor: Tensor) -> Candidates:
    """Every candidate of final tokens [B, T, D], with leading shape [B, T·p·p], patch by patch.

    anchor: [B, T, p·p, A], from `patch_anchors`. Used in training, and as the plain reference of `decode`.
    """
    raw = model.decoder(tokens).unflatten(-1, (-1, model.config.channels))  # [B, T, p·p, channels]
    return Candidates(*(kind.flatten(1, 2) for kind in activate(model.config, raw, anchor)))


def opacity_logits(model: TttLRM, tokens: Tensor, guess: Guess | None) -> Tensor:
    """Opacity logits [T, p·p] of one scene's final tokens [T, D], with the `guess` [T, p·p] of networks with a plane sweep."""
    norm, linear = model.output_layers
    rows = linear.weight.unflatten(0, (-1, model.config.channels))[:, -1]
    return opacity_logit(model.config, F.linear(norm(tokens), rows).float(), guess and guess.log_odds)


def worth(config: Config, logits: Tensor) -> Tensor:
    """By how much to prefer pixels, from the opacity logits [T, p·p] of patches.

    Networks with a plane sweep are sure of textured areas and unsure of blank ones, so only pixels of a patch are compared.
    """
    return logits - logits.mean(-1, keepdim=True) if config.hypotheses else logits


def choose(logits: Tensor, views: int, keep: float, explore: float, seed: int) -> Tensor:
    """A mask like `logits` [T, p·p]: the share `keep` with the highest values, and some random ones of the rest.

    keep = 0 keeps 40 %, or 30 % from 64 views on. The random ones are the share `explore` · `keep` of the rest.
    """
    share = keep or (0.3 if views >= 64 else 0.4)
    flat = logits.flatten()
    count = max(1, round(share * flat.numel()))
    mask = torch.zeros_like(flat, dtype=torch.bool)
    mask[flat.topk(count, sorted=False).indices] = True
    rest = (~mask).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)
    few = min(rest.numel(), round(explore * share * rest.numel()))
    mask[rest[torch.randperm(rest.numel(), generator=generator)[:few].to(rest.device)]] = True
    return mask.view_as(logits)


def growth(config: Config, mask: Tensor) -> float:
    """The factor on the sizes of splats kept by a mask: anchored ones are as large as pixels and must cover dropped ones."""
    return float(mask.float().mean()) ** -0.5 if config.anchored else 1.0


def decode(
    model: TttLRM,
    tokens: Tensor,  # [T, D], final query tokens of one scene
    anchor: Tensor,  # [T, p·p, A], from `patch_anchors`
    mask: Tensor,  # [T, p·p] bool, the pixels to decode
) -> Candidates:
    """Candidates of the masked pixels, ordered by pixel within the patch, then by patch."""
    norm, linear = model.output_layers
    config = model.config
    normed = norm(tokens)
    weights = linear.weight.unflatten(0, (-1, config.channels))  # [p·p, channels, D]
    parts = []
    for pixel in range(weights.shape[0]):
        wanted = mask[:, pixel].nonzero()[:, 0]
        raw = F.linear(normed.index_select(0, wanted), weights[pixel])
        parts.append(activate(config, raw, anchor[:, pixel].index_select(0, wanted)))
    return Candidates(*(torch.cat(kind) for kind in zip(*parts, strict=True)))


def joined(parts: Iterable[Candidates], masks: Sequence[Tensor]) -> Candidates:
    """Join the results of `decode` for parts of the tokens, each with its mask [T, p·p], to that for all tokens at once.

    Each part is consumed after the one before has been copied, so that hardly any memory is needed twice.
    """
    if len(masks) == 1:
        return next(iter(parts))
    count = torch.cat(list(masks)).T.flatten().cumsum(0)  # of masked pixels up to each, in the order of `decode`
    places = (count - 1).unflatten(0, (masks[0].shape[1], -1)).split([len(mask) for mask in masks], dim=1)
    whole: Candidates | None = None
    for part, place, mask in zip(parts, places, masks, strict=True):
        whole = whole or Candidates(*(kind.new_empty(int(count[-1]), *kind.shape[1:]) for kind in part))
        for kind, values in zip(whole, part, strict=True):
            kind[place[mask.T]] = values
    assert whole is not None
    return whole


@torch_in_order()
def to_gaussians(candidates: Candidates, sh_degree: int = 3, scale: float = 1.0) -> Gaussians[Tensor]:
    """Splats with activated values, as torch tensors: the same ones on any number of threads."""
    return Gaussians(
        means=candidates.means,
        quats=F.normalize(candidates.quats, dim=-1),
        scales=candidates.log_scales.exp() * scale,
        opacities=torch.sigmoid(candidates.logits),
        sh=candidates.sh[..., : (sh_degree + 1) ** 2, :],
    )
