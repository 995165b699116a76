# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a scene: what the network keeps of photos, and how splats are read from it as often as wanted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..gaussians.gaussians import Gaussians
from .config import Config, Elastic
from .decoder import choose, decode, growth, opacity_logits, patch_anchors, to_gaussians
from .depth import Guess, matching_costs
from .network import FastWeights, Rule, TttLRM, chunk_ranges

VIEWS_PER_UPDATE = 4  # of the autoregressive scan, as released
SLICE = {"cpu": 4096, "cuda": 65536}  # tokens treated at a time


@dataclass(frozen=True)
class SceneMemory:
    """Everything that decoding and extending need; the photos themselves are not among it."""

    weights: list[FastWeights]  # fast weights of every layer
    tokens: Tensor  # [T, D] float32, final tokens of the query views
    images: Tensor  # [V, H, W, 3], 0 to 1, what the query views showed the network
    c2w: Tensor  # [V, 4, 4] float32, normalised
    intrinsics: Tensor  # [V, 4] float32
    guess: Guess | None = None  # [T, p·p] each, of networks with matching

    def of_views(self, views: list[int]) -> SceneMemory:
        """The same memory, asked about some of its query views only."""

        def chosen(of_tokens: Tensor) -> Tensor:
            return of_tokens.unflatten(0, (len(self.c2w), -1))[views].flatten(0, 1)

        guess = Guess(*map(chosen, self.guess)) if self.guess else None
        parts = (self.images[views], self.c2w[views], self.intrinsics[views])
        return SceneMemory(self.weights, chosen(self.tokens), *parts, guess)

    def anchor(self, config: Config) -> Tensor:
        """What the splats of the query views are predicted relative to, `patch_anchors` [T, p·p, A]."""
        guess = Guess(*(part[None] for part in self.guess)) if self.guess else None
        return patch_anchors(config, self.images[None], self.c2w[None], self.intrinsics[None], guess)[0]


def device_of(model: TttLRM) -> torch.device:
    """Where the network's parameters lie."""
    return model.input_layernorm.weight.device


def inference_rule(device: torch.device, elastic: bool = False) -> Rule:
    """How fast weights learn on this kind of device."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    return Rule(Elastic() if elastic else None, dtype, slice=SLICE.get(device.type, SLICE["cpu"]))


def precision(device: torch.device) -> AbstractContextManager:
    """bfloat16 arithmetic where there are units for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


@torch.no_grad()
def encode(
    model: TttLRM,
    images: np.ndarray,  # [V, H, W, 3] float32, 0 to 1, H and W multiples of the patch size
    c2w: np.ndarray,  # [V, 4, 4], normalised
    intrinsics: np.ndarray,  # [V, 4]
    views_per_update: int | None = None,  # None for one pass over all views
    elastic: bool = False,
    on_layer: Callable[[int], None] = lambda layer: None,
) -> SceneMemory:
    """Compress views into fast weights. The query views are the input views, so that one pass serves both (DESIGN §3)."""
    views, view = on_device(model, images, c2w, intrinsics), model.view_tokens(*images.shape[1:3])
    chunks = chunk_ranges(len(images), view, views_per_update)
    with precision(device_of(model)):
        tokens, costs = first_tokens(model, views, on_layer)
        tokens, weights = model.scan(tokens, view, chunks, inference_rule(device_of(model), elastic), on_layer=on_layer)
    return SceneMemory(weights, tokens[0], views[0], views[1], views[2], guessed(model, tokens[0], costs))


def on_device(model: TttLRM, *arrays: np.ndarray) -> list[Tensor]:
    """Arrays as float32 tensors where the network's parameters lie."""
    return [torch.as_tensor(np.asarray(array, np.float32), device=device_of(model)) for array in arrays]


def first_tokens(model: TttLRM, views: list[Tensor], on_layer: Callable[[int], None]) -> tuple[Tensor, Tensor | None]:
    """Tokens [1, T, D] of one scene's views before the first layer, and the costs of networks with matching.

    `on_layer` is called with 0 all along.
    """
    images, c2w, intrinsics = views
    costs = matching_costs(model.config, images, c2w, intrinsics, lambda view: on_layer(0))
    one = (images[None], c2w[None], intrinsics[None])
    return model.tokenize(*one, None if costs is None else costs[None]).float(), costs


def guessed(model: TttLRM, tokens: Tensor, costs: Tensor | None) -> Guess | None:
    """The distances that the final tokens [T, D] guess with these costs, some tokens at a time; None without matching."""
    if model.depth is None or costs is None:
        return None
    size = inference_rule(tokens.device).slice
    parts = [model.depth.guess(*each) for each in zip(tokens.split(size), costs.split(size), strict=True)]
    return Guess(*(torch.cat(part) for part in zip(*parts, strict=True)))


@torch.no_grad()
def read_splats(
    model: TttLRM,
    memory: SceneMemory,
    keep: float = 0.0,
    explore: float = 0.1,
    sh_degree: int = 3,
    scale: float = 1.0,
    seed: int = 0,
) -> Gaussians:
    """Splats (torch tensors, in the normalised frame) of a scene's memory; `choose` explains keep, explore and seed."""
    anchor = memory.anchor(model.config)
    mask = choose(opacity_logits(model, memory.tokens, anchor), len(memory.c2w), keep, explore, seed)
    found = decode(model, memory.tokens, anchor, mask)
    return to_gaussians(found, sh_degree, scale * growth(model.config, mask))
