# SPDX-License-Identifier: GPL-3.0-or-later
"""The training step and its schedule: AdamW with warm-up and cosine, clipped gradients, averaged weights, exact resuming."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..model.checkpoint import load_checkpoint
from ..model.config import Config
from ..model.network import TttLRM
from .batches import Shape, make_batch, with_costs
from .chance import generator_for
from .losses import losses, predict

DEFAULT_CONFIG = Config(
    dim=128,
    layers=4,
    expansion=2,
    sh_degree=0,
    depth_range="log",
    near=0.25,
    far=32.0,
    most_views=16,
    anchored=True,
    hypotheses=64,
)  # small enough to learn something on a CPU
SIZES = ((64, 64),) * 6 + ((80, 48), (48, 80), (96, 96))  # width and height of the pictures of a step
LEARNED = ("model", "average", "optimizer")
COUNTED = ("step", "samples", "skipped", "seconds")


@dataclass(frozen=True)
class Plan:
    """Everything but the budget that decides what a run learns."""

    seed: int = 0  # below `evaluate.HELD_OUT`
    start: str = ""  # checkpoint whose weights the run begins with; empty for random ones of the given configuration
    tokens: int = 1024  # of all scenes of a step together, about
    min_views: int = 4
    max_views: int = 8
    others: int = 2  # views rendered beside one of the inputs
    sizes: tuple[tuple[int, int], ...] = SIZES
    rate: float = 2e-3  # of AdamW, at its highest
    warmup: int = 50  # steps
    decay: float = 0.05  # of matrices
    clip: float = 1.0  # of the gradient's norm
    absurd: float = 100.0  # steps with a larger gradient are skipped
    average: float = 0.995  # of the weights that are kept in the end
    color_from: float = 0.75  # share of the budget after which rendered views count
    weights: tuple[tuple[str, float], ...] = (("depth", 1.0), ("shape", 0.5), ("trust", 0.1), ("color", 5.0), ("choice", 1.0))
    bfloat16: bool = False  # faster where the processor multiplies it


@dataclass(frozen=True)
class Budget:
    """How long a run lasts in all, earlier sittings included: whichever of the two ends first; 0 for no limit."""

    steps: int = 0
    seconds: float = 0.0

    def spent(self, steps: int, seconds: float) -> float:
        """The share used up, 0 to 1."""
        shares = [done / limit for done, limit in ((steps, self.steps), (seconds, self.seconds)) if limit]
        return min(1.0, max(shares, default=1.0))


class Trainer:
    """A network in training."""

    def __init__(self, config: Config, plan: Plan, device: str | torch.device = "cpu") -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.device = plan, device
        self.model = (trained_model(plan.start) if plan.start else fresh_model(config)).to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = _optimizer(self.model, plan)
        self.step, self.samples, self.skipped, self.seconds = 0, 0, 0, 0.0

    def run(self, budget: Budget, after_step: Callable[[Trainer, dict[str, float]], None] = lambda *_: None) -> None:
        """Train until the budget is spent; `after_step` learns the terms of the loss."""
        while (spent := budget.spent(self.step, self.seconds)) < 1:
            start = time.monotonic()
            terms = self.train_step(spent)
            self.seconds += time.monotonic() - start
            after_step(self, terms)

    def train_step(self, spent: float) -> dict[str, float]:
        """One step on new scenes, at this share of the budget."""
        generator = generator_for(self.plan.seed, self.step)
        rendering = spent >= self.plan.color_from
        shape = sample_shape(generator, self.plan, self.model.config.patch_size)
        batch = make_batch(generator, shape if rendering else replace(shape, others=0), self.device)
        batch = with_costs(batch, self.model.config)
        terms = losses(self.model.config, predict(self.model, batch, self.plan.bfloat16), batch, rendering)
        weights = dict(self.plan.weights)
        total = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        self._descend(norm, learning_rate(self.plan, self.step, spent))
        self.step, self.samples = self.step + 1, self.samples + shape.scenes
        return {name: float(term.detach()) for name, term in (terms | {"loss": total, "norm": norm}).items()}

    def _descend(self, norm: Tensor, rate: float) -> None:
        if not norm < self.plan.absurd:
            self.skipped += 1
            return
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        keep = min(self.plan.average, (1 + self.step) / (10 + self.step))
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        with torch.no_grad():
            for mean, current in pairs:
                mean.lerp_(current, 1 - keep)

    def state(self) -> dict:
        """All that a later sitting needs, as tensors and plain values."""
        learned = {name: getattr(self, name).state_dict() for name in LEARNED}
        counted = {name: getattr(self, name) for name in COUNTED}
        return learned | counted | {"plan": vars(self.plan)}

    def load_state(self, state: dict) -> None:
        """Continue where `state` was taken, by the plan of that run."""
        self.plan = Plan(**state["plan"])
        for name in LEARNED:
            getattr(self, name).load_state_dict(state[name])
        for name in COUNTED:
            setattr(self, name, state[name])


def trained_model(checkpoint: str) -> TttLRM:
    """The network of a checkpoint ("default" or a file), ready to learn on. Raises `TttlrmError`."""
    return load_checkpoint(checkpoint).requires_grad_().train()


def fresh_model(config: Config) -> TttLRM:
    """An untrained network whose every splat starts at the same place of its ray."""
    model = TttLRM(config)
    _, linear = model.decoder
    nn.init.zeros_(linear.get_parameter("weight"))
    return model


def sample_shape(generator: torch.Generator, plan: Plan, patch: int) -> Shape:
    """Size and number of views of one step; as many scenes as fit into the plan's tokens, for patches of this side."""
    width, height = plan.sizes[int(torch.randint(len(plan.sizes), (), generator=generator))]
    views = int(torch.randint(plan.min_views, plan.max_views + 1, (), generator=generator))
    tokens = views * (width // patch) * (height // patch)
    return Shape(max(1, round(plan.tokens / tokens)), views, plan.others, (width, height))


def learning_rate(plan: Plan, step: int, spent: float) -> float:
    """Linear warm-up by steps, then a cosine over the budget down to a fiftieth."""
    cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * spent)) / 2
    return plan.rate * min(1.0, (step + 1) / plan.warmup) * cosine


def _optimizer(model: TttLRM, plan: Plan) -> torch.optim.AdamW:
    """AdamW that decays matrices only."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": plan.decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.95))
