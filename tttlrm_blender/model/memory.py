# SPDX-License-Identifier: GPL-3.0-or-later
"""Scene memory: the network's representation of photos, from which splats can be decoded repeatedly."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..gaussians.gaussians import Gaussians
from ..kernels import torch_in_order
from ..progress import Listen, unheard
from .backdrop import backdrop, with_backdrop
from .config import Config, Elastic
from .decoder import choose, decode, growth, joined, opacity_logits, patch_anchors, to_gaussians, worth
from .depth import Guess, Views, matching_costs, read_guess, sweep_again
from .network import FastWeights, Rule, TttLRM, chunk_ranges
from .out_of_memory import Need, in_slices

VIEWS_PER_UPDATE = 4  # of the autoregressive scan, as released
SLICE = {"cpu": 4096, "cuda": 65536}  # tokens processed at a time
LEAST_SLICE = 256  # tokens, if memory is short
WHILE_READING = 6  # times the memory of a photo that is needed in addition, for the one being matched
WHILE_CHOOSING, WHILE_DECODING = 40, 60  # bytes per pixel of all photos, numbers per pixel of one photo


@dataclass(frozen=True)
class SceneMemory:
    """Everything that decoding and extending need, without the original photos."""

    weights: list[FastWeights]  # fast weights of every layer
    tokens: Tensor  # [T, D] float32, final tokens of the query views
    images: Tensor  # [V, H, W, 3], 0 to 1, of the query views as the network read them
    c2w: Tensor  # [V, 4, 4] float32, normalized
    intrinsics: Tensor  # [V, 4] float32
    guess: Guess | None = None  # [T, p·p] each, of networks with a plane sweep

    def of_views(self, views: list[int] | slice) -> SceneMemory:
        """The same memory with only some of its query views. A slice of views shares the arrays."""

        def chosen(of_tokens: Tensor) -> Tensor:
            return of_tokens.unflatten(0, (len(self.c2w), -1))[views].flatten(0, 1)

        guess = Guess(*map(chosen, self.guess)) if self.guess else None
        parts = (self.images[views], self.c2w[views], self.intrinsics[views])
        return SceneMemory(self.weights, chosen(self.tokens), *parts, guess)

    def anchor(self, config: Config) -> Tensor:
        """The `patch_anchors` [T, p·p, A] of the query views."""
        guess = Guess(*(part[None] for part in self.guess)) if self.guess else None
        return patch_anchors(config, self.images[None], self.c2w[None], self.intrinsics[None], guess)[0]

    def backdrop(self, config: Config, terms: int) -> Gaussians[Tensor]:
        """The splats behind those of networks with a plane sweep."""
        assert self.guess is not None
        views = Views(self.images, self.c2w, self.intrinsics)
        return backdrop(views, self.guess.log_distance, config.patch_size, terms)


def device_of(model: TttLRM) -> torch.device:
    """The device of the network's parameters."""
    return model.input_layernorm.weight.device


def inference_rule(device: torch.device, size: int, elastic: bool = False) -> Rule:
    """The rule by which fast weights learn on this kind of device, from `size` tokens at a time."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    return Rule(Elastic() if elastic else None, dtype, slice=size)


def usual_slice(device: torch.device) -> int:
    """Tokens processed at a time if memory suffices."""
    return SLICE.get(device.type, SLICE["cpu"])


def precision(device: torch.device) -> AbstractContextManager:
    """A context with bfloat16 arithmetic on GPUs."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


@torch.no_grad()
def encode(
    model: TttLRM,
    images: np.ndarray,  # [V, H, W, 3] float32, 0 to 1, H and W multiples of the patch size
    c2w: np.ndarray,  # [V, 4, 4], normalized
    intrinsics: np.ndarray,  # [V, 4]
    views_per_update: int | None = None,  # None for one pass over all views
    elastic: bool = False,
    on_layer: Callable[[int], None] = lambda layer: None,
) -> SceneMemory:
    """Compress views into fast weights. The query views are the input views, so that one pass serves both.

    Raises `TttlrmError` ("out_of_memory") where the views do not fit into memory even with the smallest slices.
    """
    device, view = device_of(model), model.view_tokens(*images.shape[1:3])
    chunks = chunk_ranges(len(images), view, views_per_update)

    def work(size: int) -> SceneMemory:
        views = on_device(model, images, c2w, intrinsics)
        with precision(device):
            tokens, costs = first_tokens(model, views, size, on_layer)
            tokens, weights = model.scan(tokens, view, chunks, inference_rule(device, size, elastic), on_layer=on_layer)
        guess = guessed(model, tokens[0], costs, views, lambda: on_layer(model.config.layers))
        return SceneMemory(weights, tokens[0], *views, guess)

    return in_slices(work, usual_slice(device), LEAST_SLICE, need_to_read(model, *images.shape[:3]))


def on_device(model: TttLRM, *arrays: np.ndarray) -> Views:
    """Images, poses and intrinsics as float32 tensors on the device of the network."""
    return Views(*(torch.as_tensor(np.asarray(array, np.float32), device=device_of(model)) for array in arrays))


def first_tokens(model: TttLRM, views: Views, size: int, on_layer: Callable[[int], None]) -> tuple[Tensor, Tensor | None]:
    """Tokens [1, T, D] of one scene's views before the first layer, and the costs of networks with a plane sweep.

    About `size` tokens, in whole views, are made at a time. `on_layer` is called with 0 for every view.
    """
    images, c2w, intrinsics = views
    costs = matching_costs(model.config, images, c2w, intrinsics, lambda view: on_layer(0))
    view = model.view_tokens(*images.shape[1:3])
    tokens = images.new_empty(1, len(images) * view, model.config.dim)
    for part in chunk_ranges(len(images), view, max(1, size // view)):
        some = slice(part.start // view, part.stop // view)
        parts = images[None, some], c2w[None, some], intrinsics[None, some]
        tokens[:, part] = model.tokenize(*parts, None if costs is None else costs[None, part])
    return tokens, costs


@torch_in_order()
def guessed(model: TttLRM, tokens: Tensor, costs: Tensor | None, views: Views, listen: Listen = unheard) -> Guess | None:
    """Distance guesses from final tokens [T, D], costs, and the views; None without a plane sweep."""
    if model.depth is None or costs is None:
        return None
    return read_guess(model.config, *sweep_again(model.depth, tokens, costs, views, listen), views)


@torch_in_order()
@torch.no_grad()
def read_splats(
    model: TttLRM,
    memory: SceneMemory,
    keep: float = 0.0,
    explore: float = 0.1,
    sh_degree: int = 3,
    scale: float = 1.0,
    seed: int = 0,
) -> Gaussians[Tensor]:
    """Decode splats (torch tensors, in the normalized frame) from a scene's memory; see `choose` for keep, explore and seed.

    Those of networks with a plane sweep stand before a backdrop, which comes last.
    Raises `TttlrmError` as `encode` does.
    """
    views = len(memory.c2w)
    view = len(memory.tokens) // views

    def work(size: int) -> Gaussians[Tensor]:
        step = max(1, size // view)
        parts = [memory.of_views(slice(first, first + step)) for first in range(0, views, step)]
        logits = torch.cat([opacity_logits(model, part.tokens, part.guess) for part in parts])
        mask = choose(worth(model.config, logits), views, keep, explore, seed)
        wanted = mask.split([len(part.tokens) for part in parts])
        found = (decode(model, part.tokens, part.anchor(model.config), some) for part, some in zip(parts, wanted, strict=True))
        splats = to_gaussians(joined(found, wanted), sh_degree, scale * growth(model.config, mask))
        return with_backdrop(splats, memory.backdrop(model.config, splats.sh.shape[1])) if memory.guess else splats

    return in_slices(work, len(memory.tokens), view, _need_to_decode(model, memory, keep))


def need_to_read(model: TttLRM, views: int, height: int, width: int) -> Need:
    """The memory needed to encode views of H×W pixels: tokens, colors and costs of all views, and the fast weights."""
    config, pixels = model.config, height * width
    costs = (
        config.hypotheses / 2 + 2 if config.hypotheses else 0
    )  # numbers per pixel: two costs per hypothesis for every cell of 2×2, and the guess
    photo = int(4 * (model.view_tokens(height, width) * config.dim + pixels * (3 + costs)))
    weights = 4 * sum(w.numel() for state in model.initial_state(1) for w in state.w)
    return Need("read", views, (height, width), photo, 2 * weights + WHILE_READING * photo, device_of(model))


def _need_to_decode(model: TttLRM, memory: SceneMemory, keep: float) -> Need:
    """The memory needed to decode: all splats, twice while they are joined, and the choice among the pixels."""
    height, width = memory.images.shape[1:3]
    pixel = int(2 * 4 * model.config.channels * (keep or 0.4) + WHILE_CHOOSING)
    fixed = 4 * WHILE_DECODING * height * width
    return Need("decode", len(memory.c2w), (height, width), pixel * height * width, fixed, device_of(model))
