# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of tttLRM (arXiv 2602.20160), in the order of the paper: tokens, attention, fast weights, block, network.

Shapes: B scenes, V views of H×W pixels, n = (H/p)(W/p) tokens a view, T = V·n tokens, D the width, e the expansion.
Module names follow the parameter names of the released checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..geometry.rays import world_rays
from .config import Config, Elastic
from .depth import DepthHead
from .patches import patches

Triple = tuple[Tensor, ...]  # of w0, w1 and w2
INITIAL_RATE = 0.01
RATE_OFFSET = torch.expm1(torch.tensor(INITIAL_RATE, dtype=torch.float64)).log().item()  # softplus⁻¹ of the initial rate


def add_in_slices(x: Tensor, change: Callable[[Tensor], Tensor], size: int) -> Tensor:
    """x + change(x), where `change` is independent per `size` tokens; without gradients in place and in slices."""
    if torch.is_grad_enabled() or size <= 0:
        return x + change(x)
    for part in x.split(size, dim=1):
        part += change(part)
    return x


class RMSNorm(nn.RMSNorm):
    """RMSNorm with its weight cast to the input's type, as torch's fused kernel needs: encoding is 8 % faster on an H100."""

    def forward(self, x: Tensor) -> Tensor:
        """x: [..., size of the weight] → the same shape and type."""
        return F.rms_norm(x, tuple(self.normalized_shape), self.weight.to(x.dtype), self.eps)


class Attention(nn.Module):
    """Self-attention inside each view, with RMS-normalized queries and keys."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.to_qkv = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.c_proj = nn.Linear(config.dim, config.dim, bias=False)
        self.q_norm = RMSNorm(config.head_dim, eps=1e-5)
        self.k_norm = RMSNorm(config.head_dim, eps=1e-5)
        self.head_dim = config.head_dim

    def forward(self, x: Tensor, view: int) -> Tensor:
        """x: [B, T, D] with `view` tokens in each view → [B, T, D]."""
        heads = self.to_qkv(x).reshape(-1, view, 3, x.shape[-1] // self.head_dim, self.head_dim)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # [B·V, heads, n, head_dim]
        mixed = F.scaled_dot_product_attention(self.q_norm(q), self.k_norm(k), v)
        return self.c_proj(mixed.transpose(1, 2).reshape(x.shape))


class FastWeights(NamedTuple):
    """The scene memory of one layer: w0, w2 [B, D, eD] and w1 [B, eD, D].

    With the elastic update also its statistics, and for networks with a plane sweep what was learned: the sum of all gradients.
    """

    w: Triple
    fisher: Triple | None = None
    anchor: Triple | None = None
    learned: Triple | None = None


def orthogonalize(g: Tensor, steps: int, dtype: torch.dtype) -> Tensor:
    """The nearest semi-orthogonal matrices to g [B, m, n], by Newton-Schulz iterations with the quintic of Muon.

    `dtype` is that of the result and, on GPUs, of the factors of products. Iterates and sums stay in float32: small singular
    values amplify rounding, so that two correct implementations that round them differ by several percent.
    """
    with torch.autocast(g.device.type, enabled=False):
        return _newton_schulz(g.float(), steps, dtype)


def _newton_schulz(x: Tensor, steps: int, dtype: torch.dtype) -> Tensor:
    """`orthogonalize` of float32 matrices."""
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(steps):
        a = product(x, x.mT, dtype)
        x = 3.4445 * x + product(-4.7750 * a + 2.0315 * product(a, a, dtype), x, dtype)
    return (x.mT if tall else x).to(dtype).float()


def product(a: Tensor, b: Tensor, dtype: torch.dtype) -> Tensor:
    """Batched a @ b, summed in float32; on GPUs with factors of `dtype`, which would be slower on most CPUs."""
    if dtype == torch.float32 or not a.is_cuda:
        return a @ b
    if torch.is_grad_enabled():  # torch cannot differentiate a product with an output of another type
        return (a.to(dtype) @ b.to(dtype)).float()
    return torch.bmm(a.to(dtype), b.to(dtype), out_dtype=torch.float32)


def unit(x: Tensor) -> Tensor:
    """Vectors along the last axis divided by their norm."""
    return x / (x.norm(dim=-1, keepdim=True) + 1e-5)


@dataclass
class Rule:
    """How fast weights learn, beyond the configuration of the checkpoint."""

    elastic: Elastic | None = None
    dtype: torch.dtype = torch.float32  # of the factors in the orthogonalization; bfloat16 as released, for GPUs
    reduce: Callable[[Tensor], Tensor] = lambda gradient: gradient  # sums a gradient over the ranks that share the sequence
    slice: int = 0  # tokens processed at a time without gradients, rounded up to whole views for attention; 0 for all


def random_weights(inputs: int, outputs: int) -> Tensor:
    """Normally distributed numbers of variance 1 / inputs: [1, inputs, outputs].

    None are drawn on the meta device, where this would load torch's compiler, which takes a second and 70 MB.
    """
    weights = torch.empty(1, inputs, outputs)
    return weights if weights.is_meta else weights.normal_() / inputs**0.5


class TestTimeLayer(nn.Module):
    """A SwiGLU network f(x) = (SiLU(x w0) ⊙ x w2) w1 whose weights learn at test time to map keys to values."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d, hidden = config.dim, config.expansion * config.dim
        self.to_qkv = nn.Linear(d, 3 * d, bias=False)
        self.c_proj = nn.Linear(d, d, bias=False)
        self.o_norm = RMSNorm(d, eps=1e-5)
        self.lr_fc = nn.Linear(d, 3)
        self.w0, self.w1, self.w2 = (nn.Parameter(random_weights(*shape)) for shape in ((d, hidden), (hidden, d), (d, hidden)))
        self.steps = config.muon_steps
        self.remembers = config.hypotheses > 0  # every chunk equally, rather than the latest best

    def initial(self, batch: int) -> FastWeights:
        """The weights before any view, for `batch` scenes."""
        w0, w1, w2 = (w.float().expand(batch, -1, -1) for w in (self.w0, self.w1, self.w2))
        return FastWeights((w0, w1, w2))

    def _project(self, x: Tensor, first: int, last: int) -> tuple[Tensor, ...]:
        d = x.shape[-1]
        return F.silu(F.linear(x, self.to_qkv.weight[first * d : last * d])).chunk(last - first, dim=-1)

    def _rates(self, x: Tensor) -> tuple[Tensor, ...]:
        with torch.autocast(x.device.type, enabled=False):
            return F.softplus(self.lr_fc(x.float()) + RATE_OFFSET).split(1, dim=-1)  # three of [B, T, 1]

    def gradients(self, weights: Triple, x: Tensor) -> Triple:
        """Descent directions of −⟨f(k), v⟩ for w0, w1 and w2, summed over the tokens x [B, T, D] with their learning rates."""
        k, v = self._project(x, 1, 3)
        k = unit(k)
        lr0, lr1, lr2 = self._rates(x)
        w0, w1, w2 = (w.to(k.dtype) for w in weights)
        g, u, r = k @ w0, k @ w2, v @ w1.mT  # [B, T, eD]
        gate = torch.sigmoid(g)
        act = g * gate
        slope = gate * (1 + g - act)  # SiLU′(g)
        g0 = (k * lr0).mT @ (r * u * slope)
        g1 = (act * u * lr1).mT @ v
        g2 = (k * lr2).mT @ (r * act)
        return g0, g1, g2

    def update(self, state: FastWeights, x: Tensor, rule: Rule, norm: nn.Module) -> FastWeights:
        """The state after learning from one chunk of tokens x [B, T, D], normalized by `norm`.

        Networks with a plane sweep make one step from the initial weights, along the sum of the gradients there of all chunks:
        the same step as from all tokens at once, so that nothing is forgotten and the elastic update has nothing to preserve.
        """
        before = self.initial(x.shape[0]).w if self.remembers else state.w
        gradients = self._gradients_in_slices(before, x, rule, norm)
        if self.remembers and state.learned:
            gradients = tuple(map(torch.add, state.learned, gradients))
        steps = [orthogonalize(g, self.steps, rule.dtype) for g in gradients]
        if self.remembers or rule.elastic is None:
            moved = tuple(rescaled(w + step, w) for w, step in zip(before, steps, strict=True))
            return FastWeights(moved, learned=gradients if self.remembers else None)
        fisher = state.fisher or tuple(torch.zeros_like(w) for w in state.w)
        anchor = state.anchor or self.initial(x.shape[0]).w
        stepped = [elastic_step(*each, rule.elastic) for each in zip(state.w, steps, fisher, anchor, strict=True)]
        return FastWeights(*(tuple(kind) for kind in zip(*stepped, strict=True)))

    def _gradients_in_slices(self, weights: Triple, x: Tensor, rule: Rule, norm: nn.Module) -> Triple:
        """`gradients` of tokens x [B, T, D] normalized by `norm`, summed over slices and ranks."""
        total: Triple = ()
        for part in x.split(rule.slice, dim=1) if rule.slice else (x,):
            found = tuple(g.float() for g in self.gradients(weights, norm(part)))
            total = tuple(map(torch.add, total, found)) if total else found
        return tuple(map(rule.reduce, total))

    def forward(self, state: FastWeights, x: Tensor) -> Tensor:
        """The layer's output for tokens x [B, T, D] under the given weights."""
        (q,) = self._project(x, 0, 1)
        q = unit(q)
        w0, w1, w2 = (w.to(q.dtype) for w in state.w)
        out = (F.silu(q @ w0) * (q @ w2)) @ w1
        return self.c_proj(self.o_norm(out))


def rescaled(new: Tensor, old: Tensor) -> Tensor:
    """The columns of `new`, rescaled to the norms of the columns of `old`."""
    return new / (new.norm(dim=-2, keepdim=True) + 1e-5) * old.norm(dim=-2, keepdim=True)


def elastic_step(w: Tensor, step: Tensor, fisher: Tensor, anchor: Tensor, elastic: Elastic) -> Triple:
    """One fast weight, its Fisher estimate and its anchor after a step under the elastic update."""
    fisher = elastic.fisher_decay * fisher + (1 - elastic.fisher_decay) * step.square()
    importance = fisher / fisher.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
    moved = w + step
    moved = rescaled(moved - elastic.strength * (1 - importance) * (moved - anchor), w)
    return moved, fisher, elastic.anchor_decay * anchor + (1 - elastic.anchor_decay) * moved


class Mlp(nn.Module):
    """Two linear layers around an exact GELU."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.c_fc = nn.Linear(config.dim, config.expansion * config.dim, bias=False)
        self.c_proj = nn.Linear(config.expansion * config.dim, config.dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: [B, T, D] → [B, T, D]."""
        return self.c_proj(F.gelu(self.c_fc(x)))


class Residual(nn.Module):
    """A layer and its LayerNorm, under the released names `f` and `ln`."""

    ln: nn.LayerNorm
    f: nn.Module

    def __init__(self, layer: nn.Module, dim: int) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(dim, bias=False)
        self.f = layer


class Block(nn.Module):
    """x += attention(LN x), x += ttt(LN x), x += mlp(LN x)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        layers = (Attention(config), TestTimeLayer(config), Mlp(config))
        self.module_list = nn.ModuleList([Residual(layer, config.dim) for layer in layers])

    @property
    def ttt(self) -> TestTimeLayer:
        """The layer that holds the fast weights."""
        return cast(TestTimeLayer, cast(Residual, self.module_list[1]).f)

    def forward(self, x: Tensor, view: int, chunks: list[slice], state: FastWeights, rule: Rule) -> tuple[Tensor, FastWeights]:
        """Learn from each chunk of the tokens x [B, T, D] in turn, then apply the final fast weights to all of them."""
        attention, ttt, mlp = (cast(Any, layer) for layer in self.module_list)
        whole_views = -(-rule.slice // view) * view
        x = add_in_slices(x, lambda part: attention.f(attention.ln(part), view), whole_views)
        for chunk in chunks:
            state = ttt.f.update(state, x[:, chunk], rule, ttt.ln)
        x = add_in_slices(x, lambda part: ttt.f(state, ttt.ln(part)), rule.slice)
        return add_in_slices(x, lambda part: mlp.f(mlp.ln(part)), rule.slice), state


class TttLRM(nn.Module):
    """Images and cameras → tokens that encode splats, through fast weights that encode the scene."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        p = config.patch_size
        self.tokenizer = nn.Sequential(nn.Identity(), nn.Linear(12 * p * p, config.dim, bias=False))
        self.input_layernorm = nn.LayerNorm(config.dim, bias=False)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        decode = nn.Linear(config.dim, p * p * config.channels, bias=False)
        self.decoder = nn.Sequential(nn.LayerNorm(config.dim, bias=False), decode)
        self.depth = DepthHead(config) if config.hypotheses else None

    @property
    def output_layers(self) -> tuple[nn.LayerNorm, nn.Linear]:
        """The decoder's norm and its linear layer to the channels of every pixel of a patch."""
        norm, linear = self.decoder
        return cast(nn.LayerNorm, norm), cast(nn.Linear, linear)

    def view_tokens(self, height: int, width: int) -> int:
        """Tokens of one view of this size in pixels."""
        return (height // self.config.patch_size) * (width // self.config.patch_size)

    def tokenize(self, images: Tensor, c2w: Tensor, intrinsics: Tensor, costs: Tensor | None = None) -> Tensor:
        """Tokens [B, T, D] of images [B, V, H, W, 3] (0 to 1), c2w [B, V, 4, 4] and intrinsics [B, V, 4].

        costs: [B, T, (p/2)², 2, K], from `matching_costs`, for networks with a plane sweep.
        """
        origins, directions = world_rays(c2w, intrinsics, *images.shape[2:4])
        pixels = torch.cat([origins, directions, torch.linalg.cross(origins, directions), images * 2 - 1], -1)
        tokens = self.tokenizer(patches(pixels, self.config.patch_size))
        if self.depth is not None and costs is not None:
            tokens = tokens + self.depth.embed(costs)
        return self.input_layernorm(tokens)

    def initial_state(self, batch: int) -> list[FastWeights]:
        """The fast weights of every layer before any view."""
        return [cast(Block, block).ttt.initial(batch) for block in self.blocks]

    def scan(
        self,
        tokens: Tensor,  # [B, T, D]; without gradients its memory is reused
        view: int,
        chunks: list[slice],
        rule: Rule | None = None,
        state: list[FastWeights] | None = None,
        on_layer: Callable[[int], None] = lambda layer: None,
    ) -> tuple[Tensor, list[FastWeights]]:
        """Pass tokens through all layers; each learns from the token ranges `chunks` in turn, then is applied to all tokens.

        One range over all input tokens is the one-pass scan, several ranges are the autoregressive scan, and none queries a
        frozen state; streaming (paper, Algorithm 1) is one call per chunk of photos that passes the state on. Query views
        come after the input views, outside every range. Returns the final tokens and fast weights.
        """
        before = state or self.initial_state(tokens.shape[0])
        after = []
        for layer, (block, weights) in enumerate(zip(self.blocks, before, strict=True)):
            on_layer(layer)
            tokens, weights = block(tokens, view, chunks, weights, rule or Rule())
            after.append(weights)
        return tokens, after


def chunk_ranges(views: int, view: int, views_per_update: int | None) -> list[slice]:
    """Token ranges of chunks of `views_per_update` views of `view` tokens; None for one range over all views."""
    step = views_per_update or views
    return [slice(first * view, min(first + step, views) * view) for first in range(0, views, step)]
