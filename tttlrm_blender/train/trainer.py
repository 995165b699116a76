# SPDX-License-Identifier: GPL-3.0-or-later
"""The training step: AdamW with warm-up and cosine decay, clipped gradients, averaged weights, exact resuming."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..model.checkpoint import load_checkpoint
from ..model.config import Config
from ..model.network import TttLRM
from ..render import cuda
from ..render.perceptual import VggFeatures
from .batches import Batch, with_costs
from .loader import Loader, StepData
from .losses import color_terms, losses
from .plan import TERMS, Budget, Plan
from .predict import ViewHead, predict, predict_views

LEARNED = ("model", "view_head", "average", "optimizer")
COUNTED = ("step", "samples", "skipped", "seconds", "before")


class Trainer:
    """A network in training."""

    def __init__(self, model: TttLRM, plan: Plan, device: str | torch.device = "cpu", processes: int = 0) -> None:
        self.plan, self.device, self.processes = plan, device, processes
        self.model = model.to(device)
        self.view_head = ViewHead(self.model.config).to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = _optimizer([self.model, self.view_head], plan)
        self.step, self.samples, self.skipped, self.seconds = 0, 0, 0, 0.0
        self.before: dict[str, Any] = {}  # record of the starting checkpoint
        self.compilation = cuda.Compilation() if torch.device(device).type == "cuda" else None
        self.perceptual = self._features()

    def run(
        self,
        budget: Budget,
        after_step: Callable[[Trainer, dict[str, float]], None] = lambda *_: None,
        sitting: float = 0.0,
    ) -> None:
        """Train until the budget is spent, or for `sitting` seconds; `after_step` is called with the terms of the loss."""
        loader = Loader(self.model.config, self.plan, self.device, self.processes)
        until = self.seconds + sitting if sitting else math.inf
        try:
            while budget.spent(self.step, self.seconds) < 1 and self.seconds < until:
                start = time.monotonic()
                terms = self.train_step(loader.next(self.step, budget, self.seconds))
                self.seconds += time.monotonic() - start
                after_step(self, terms)
        finally:
            loader.close()

    def train_step(self, data: StepData) -> dict[str, float]:
        """Train one step; returns the terms of the loss, their weighted sum and the gradient's norm."""
        batch = with_costs(data.batch.to(self.device), self.model.config)
        terms = self._terms(batch, data.stage, data.views_per_update)
        weights = TERMS[data.stage]
        total = torch.stack([weights[name] * term for name, term in terms.items() if name in weights]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_([*self.model.parameters(), *self.view_head.parameters()], self.plan.clip)
        self._descend(norm, learning_rate(self.plan, self.step, data.spent))
        self.step, self.samples = self.step + 1, self.samples + len(data.batch.images)
        return {name: float(term.detach()) for name, term in (terms | {"loss": total, "norm": norm}).items()}

    def _terms(self, batch: Batch, stage: str, views_per_update: int | None) -> dict[str, Tensor]:
        if stage == "views":
            return color_terms(*predict_views(self.model, self.view_head, batch, self.plan.bfloat16))
        prediction = predict(self.model, batch, self.plan.bfloat16, views_per_update)
        return losses(self.model.config, prediction, batch, stage != "depth" and self.draws(), self.perceptual, seed=self.step)

    def draws(self) -> bool:
        """Whether splats can be drawn here; waits while gsplat is being compiled."""
        return self.compilation is None or self.compilation.wait()

    def _features(self) -> VggFeatures | None:
        return VggFeatures(Path(self.plan.perceptual)).to(self.device) if self.plan.perceptual else None

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

    def result(self) -> TttLRM:
        """The averaged network, on a device where its splats can be drawn right now."""
        ready = self.compilation is None or self.compilation.finished()
        return self.average if ready else copy.deepcopy(self.average).cpu()

    def state(self) -> dict:
        """Everything that is needed to resume, as tensors and plain values."""
        learned = {name: getattr(self, name).state_dict() for name in LEARNED}
        counted = {name: getattr(self, name) for name in COUNTED}
        return learned | counted | {"plan": asdict(self.plan), "config": asdict(self.model.config)}

    def load_state(self, state: dict) -> None:
        """Resume from a `state`, with the plan of that run."""
        self.plan = Plan(**state["plan"])
        self.perceptual = self._features()
        for name in LEARNED:
            getattr(self, name).load_state_dict(state[name])
        for name in COUNTED:
            setattr(self, name, state[name])


def trained_model(checkpoint: str) -> TttLRM:
    """The network of a checkpoint ("default" or a file), ready for training. Raises `TttlrmError`."""
    return load_checkpoint(checkpoint).requires_grad_().train()


def fresh_model(config: Config, seed: int = 0) -> TttLRM:
    """An untrained network. Its splats start where matching costs are lowest, or at the same position of every ray."""
    torch.manual_seed(seed)
    model = TttLRM(config)
    _, linear = model.decoder
    nn.init.zeros_(linear.get_parameter("weight"))
    return model


def learning_rate(plan: Plan, step: int, spent: float) -> float:
    """The learning rate of a plan, at a share of the budget."""
    return decayed(plan.rate, step, spent, plan.warmup)


def decayed(rate: float, step: int, spent: float, warmup: int = 50) -> float:
    """Linear warm-up by steps, then cosine decay over the budget to a fiftieth."""
    cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * spent)) / 2
    return rate * min(1.0, (step + 1) / warmup) * cosine


def _optimizer(modules: list[nn.Module], plan: Plan) -> torch.optim.AdamW:
    """AdamW with weight decay of matrices only."""
    parameters = [p for module in modules for p in module.parameters()]
    matrices = [p for p in parameters if p.dim() > 1]
    vectors = [p for p in parameters if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": plan.decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.95))
