# SPDX-License-Identifier: GPL-3.0-or-later
"""Scans in the streaming order (paper, Algorithm 1): chunk after chunk of views passes through the whole network once.

Between two chunks the fast weights are complete, so that preview splats can be decoded from them: a look.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from .depth import Views
from .memory import (
    LEAST_SLICE,
    VIEWS_PER_UPDATE,
    SceneMemory,
    device_of,
    first_tokens,
    guessed,
    inference_rule,
    need_to_read,
    on_device,
    precision,
    usual_slice,
)
from .network import FastWeights, Rule, TttLRM
from .out_of_memory import in_slices

LOOK_VIEWS = 8  # query views of a look at most: the cost of a chunk must not grow with the number of views before it

Look = Callable[
    [], SceneMemory
]  # makes the memory after a chunk, with a few of the views so far as query views; valid until the next chunk


@torch.no_grad()
def extend(
    model: TttLRM,
    memory: SceneMemory,
    images: np.ndarray,  # [N, H, W, 3] float32, 0 to 1, of the size of those in the memory
    c2w: np.ndarray,  # [N, 4, 4], normalized like those in the memory
    intrinsics: np.ndarray,  # [N, 4]
    on_progress: Callable[[float], None] = lambda share: None,
    on_chunk: Callable[[Look], None] = lambda look: None,
) -> SceneMemory:
    """The memory after learning from N more views, chunk by chunk; they join the query views.

    The fast weights continue from their state, elastically if they were made so. The cost per chunk does not depend on the
    views before, but all query views are queried again in the end. `on_progress` gets the share of the work that is done.
    Raises `TttlrmError` as `encode` does.
    """
    elastic, device = memory.weights[0].fisher is not None, device_of(model)
    before, count = len(memory.c2w), len(memory.c2w) + len(images)

    def work(size: int) -> SceneMemory:
        new = on_device(model, images, c2w, intrinsics)
        views = Views(*(torch.cat(pair) for pair in zip((memory.images, memory.c2w, memory.intrinsics), new, strict=True)))
        rule = inference_rule(device, size, elastic)
        stream = _Stream(model, views, memory.weights, rule, count + len(images), on_progress)
        stream.learn(before, on_chunk)
        return stream.finish()

    return in_slices(work, usual_slice(device), LEAST_SLICE, need_to_read(model, count, *images.shape[1:3]))


@torch.no_grad()
def glance(
    model: TttLRM,
    images: np.ndarray,  # [V, H, W, 3] float32, 0 to 1, H and W multiples of the patch size
    c2w: np.ndarray,  # [V, 4, 4], normalized
    intrinsics: np.ndarray,  # [V, 4]
    elastic: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
    on_chunk: Callable[[Look], None] = lambda look: None,
) -> None:
    """Scan views for previews before `encode`, which goes layer by layer and has no splats before its last layer.

    The looks differ from the result of `encode`: the views are read at half their size, a quarter of the work, and in
    streaming order, in which a layer learns from tokens that earlier layers made with the weights of that chunk instead of
    their final ones. Nothing else is returned.
    """
    small, halved = half_size(images, intrinsics, model.config.patch_size)
    device = device_of(model)

    def work(size: int) -> None:
        views = on_device(model, small, c2w, halved)
        _Stream(model, views, None, inference_rule(device, size, elastic), len(images), on_progress).learn(0, on_chunk)

    in_slices(work, usual_slice(device), LEAST_SLICE, need_to_read(model, *small.shape[:3]))


def half_size(images: np.ndarray, intrinsics: np.ndarray, patch: int) -> tuple[np.ndarray, np.ndarray]:
    """Views [V, H, W, 3] and intrinsics [V, 4] at half the size, cropped to whole patches; views that are too small unchanged."""
    views, height, width, _ = images.shape
    if min(height, width) < 2 * patch:
        return images, intrinsics
    rows, columns = (side // (2 * patch) * patch for side in (height, width))
    pixels = images[:, : 2 * rows, : 2 * columns].reshape(views, rows, 2, columns, 2, 3)
    return pixels.mean((2, 4)), intrinsics / 2


def spread(count: int, most: int) -> list[int]:
    """At most `most` of the numbers from 0 to count - 1, evenly spaced, including the first and the last."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()


class _Stream:
    """A streaming scan over the views of one scene, with the state of the fast weights."""

    def __init__(
        self,
        model: TttLRM,
        views: Views,
        weights: list[FastWeights] | None,
        rule: Rule,
        total: int,  # views that will pass through the network, without looks
        on_progress: Callable[[float], None],
    ) -> None:
        self.model, self.views, self.weights, self.rule = model, views, weights, rule
        self.total, self.passed, self.on_progress = total, 0, on_progress
        with precision(device_of(model)):
            tokens, self.costs = first_tokens(model, views, rule.slice, lambda layer: on_progress(0.0))
        self.tokens = tokens[0].unflatten(0, (len(views.images), -1))  # [V, n, D]

    def learn(self, first: int, on_chunk: Callable[[Look], None]) -> None:
        """Learn from the views from `first` on, chunk by chunk."""
        for chunk in self.tokens[first:].split(VIEWS_PER_UPDATE):
            _, self.weights = self._scan(chunk.clone(), len(chunk), learns=True)
            first += len(chunk)
            on_chunk(partial(self._look, spread(first, LOOK_VIEWS)))

    def finish(self) -> SceneMemory:
        """The memory with all views as query views. This overwrites their first tokens."""
        tokens, weights = self._scan(self.tokens, len(self.tokens))
        guess = guessed(self.model, tokens, self.costs, self.views, lambda: self.on_progress(1.0))
        return SceneMemory(weights, tokens, *self.views, guess)

    def _look(self, views: list[int]) -> SceneMemory:
        tokens, weights = self._scan(self.tokens[views], 0)
        costs = None if self.costs is None else self.costs.unflatten(0, self.tokens.shape[:2])[views].flatten(0, 1)
        some = Views(*(part[views] for part in self.views))
        return SceneMemory(weights, tokens, *some, guessed(self.model, tokens, costs, some))

    def _scan(self, tokens: Tensor, progress: int, learns: bool = False) -> tuple[Tensor, list[FastWeights]]:
        """Final tokens [T, D] of some views, whose first tokens [V, n, D] are overwritten, and the fast weights after them.

        The scan counts as `progress` views.
        """
        view, whole = tokens.shape[1], tokens.flatten(0, 1)[None]
        chunks = [slice(0, whole.shape[1])] if learns else []

        def on_layer(layer: int) -> None:
            self.on_progress((self.passed + progress * layer / self.model.config.layers) / self.total)

        with precision(tokens.device):
            found, weights = self.model.scan(whole, view, chunks, self.rule, self.weights, on_layer)
        self.passed += progress
        return found[0], weights
