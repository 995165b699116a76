# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the decoder of surfaces on a frozen network: `tttlrm train --decoder surface`.

Encoding a scene costs more than a step on it, so scenes are kept and used again. Which scene a step uses follows from its
number alone; a resumed run makes those that it needs again.
"""

from __future__ import annotations

import argparse
import copy
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..atomic_files import make_folder, replacing
from ..model.checkpoint import load_checkpoint
from ..model.network import TttLRM
from ..model.surface import SurfaceDecoder, fingerprint, save_decoder
from .journal import LOG_EVERY, line
from .plan import HELD_OUT, Budget
from .sampling import generator_for
from .states import reading_state
from .surface_scenes import SurfaceScene, make_surface_scene
from .trainer import decayed

KEPT, FRESH = 160, 3  # scenes in memory; of so many steps, one is on a new scene alone
SCENES, POINTS, COLORS = 2, 3072, 512  # of a step
DECAY, AVERAGE = 0.01, 0.99
SIDE, COLOR = 0.3, 0.3  # weights of the loss of the side of the surface and of colors, relative to that of distances
SHARPNESS = 4.0  # of the side: log-odds per logit
VALIDATED = 8  # held-out scenes


class SurfaceTrainer:
    """A decoder in training."""

    def __init__(self, model: TttLRM, seed: int = 0, rate: float = 2e-3) -> None:
        torch.manual_seed(seed)
        self.model, self.seed, self.rate = model, seed, rate
        self.decoder = SurfaceDecoder(model.config)
        self.average = copy.deepcopy(self.decoder).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.decoder.parameters(), rate, (0.9, 0.95), weight_decay=DECAY)
        self.step, self.seconds = 0, 0.0
        self.scene = lru_cache(KEPT)(lambda number: make_surface_scene(model, seed, number))

    def scenes(self) -> list[SurfaceScene]:
        """The scenes of the current step: new ones now and then, otherwise some that were new before."""
        newest = self.step // FRESH
        if self.step % FRESH == 0:
            return [self.scene(newest)]
        generator = generator_for(self.seed + 1, self.step)
        back = torch.randint(min(newest + 1, KEPT - 1), (SCENES,), generator=generator)
        return [self.scene(newest - int(number)) for number in back]

    def train_step(self, spent: float) -> dict[str, float]:
        """Train one step at a share of the budget; returns the terms of the loss."""
        terms: dict[str, Tensor] = {}
        scenes = self.scenes()
        generator = generator_for(self.seed + 2, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        for scene in scenes:
            found = surface_losses(self.decoder, scene, generator)
            (found["distance"] + SIDE * found["side"] + COLOR * found["color"]).div(len(scenes)).backward()
            terms = {name: terms.get(name, 0) + value.detach() / len(scenes) for name, value in found.items()}
        nn.utils.clip_grad_norm_(self.decoder.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = decayed(self.rate, self.step, spent)
        self.optimizer.step()
        self.step += 1
        keep = min(AVERAGE, self.step / (10 + self.step))
        with torch.no_grad():
            for mean, current in zip(self.average.parameters(), self.decoder.parameters(), strict=True):
                mean.lerp_(current, 1 - keep)
        return {name: float(value) for name, value in terms.items()}

    @torch.no_grad()
    def figures(self, scenes: int = VALIDATED) -> dict[str, float]:
        """The terms of the loss of the averaged weights over held-out scenes."""
        found = [
            surface_losses(self.average, make_surface_scene(self.model, HELD_OUT, number), generator_for(HELD_OUT, number))
            for number in range(scenes)
        ]
        return {name: float(torch.stack([terms[name] for terms in found]).mean()) for name in found[0]}

    def record(self) -> dict[str, Any]:
        """How the weights were trained."""
        scenes = -(-self.step // FRESH)
        done = {"steps": self.step, "scenes": scenes, "minutes": round(self.seconds / 60, 1), "seed": self.seed}
        return {"data": "procedural scenes"} | done

    def state(self) -> dict[str, Any]:
        """Everything that is needed to resume."""
        learned = {name: getattr(self, name).state_dict() for name in ("decoder", "average", "optimizer")}
        counted = {name: getattr(self, name) for name in ("seed", "rate", "step", "seconds")}
        return learned | counted | {"network": fingerprint(self.model)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Resume from a `state` of the same seed."""
        for name in ("decoder", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]


def surface_losses(decoder: SurfaceDecoder, scene: SurfaceScene, generator: torch.Generator) -> dict[str, Tensor]:
    """The terms of the loss of one scene at random points of it; `right` is the share of points on the right side.

    The side of points in doubt counts little: of those that nearly lie on the surface.
    """
    some = torch.randint(len(scene.points), (POINTS,), generator=generator)
    colored = torch.randint(len(scene.places), (COLORS,), generator=generator)
    field = decoder(decoder.planes(scene.memory), torch.cat([scene.points[some], scene.places[colored]]))
    true, logit = scene.distance[some], field.logit[:POINTS]
    outside = (true > 0).float()
    side = F.binary_cross_entropy_with_logits(SHARPNESS * logit, outside, reduction="none") * true.abs()
    return {
        "distance": (field.distance[:POINTS] - true).abs().mean(),
        "side": side.mean(),
        "color": (field.color[POINTS:] - scene.colors[colored]).abs().mean(),
        "right": ((logit > 0) == (true > 0)).float().mean(),
    }


def run(args: argparse.Namespace) -> int:
    """Train, with the options of `tttlrm train`; returns the exit status. Raises `TttlrmError` for an unusable state."""
    trainer = resume(args.state, load_checkpoint(args.start or "default"), args.seed, args.rate)
    folder = args.state.with_name(f"{args.state.stem}-log")
    make_folder(folder)
    budget = Budget(args.steps, args.minutes * 60)
    sitting = trainer.seconds + args.sitting * 60 if args.sitting else float("inf")
    heard: list[dict[str, float]] = []
    told = saved = checked = time.monotonic()
    try:
        while budget.spent(trainer.step, trainer.seconds) < 1 and trainer.seconds < sitting:
            start = time.monotonic()
            heard.append(trainer.train_step(budget.spent(trainer.step, trainer.seconds)))
            trainer.seconds += (now := time.monotonic()) - start
            if now - told > LOG_EVERY:
                _write(folder / "steps.txt", trainer, {name: sum(t[name] for t in heard) / len(heard) for name in heard[0]})
                heard, told = [], now
            if now - saved > args.save_every * 60:
                _keep(args, trainer)
                saved = time.monotonic()
            if now - checked > args.validate_every * 60:
                _write(folder / "validation.txt", trainer, trainer.figures())
                checked = time.monotonic()
    except KeyboardInterrupt:
        _keep(args, trainer)
        return 130
    _keep(args, trainer, trainer.figures(args.evaluate) if args.evaluate else {})
    return 0


def resume(path: Path, model: TttLRM, seed: int = 0, rate: float = 2e-3) -> SurfaceTrainer:
    """The trainer of a state file, a new one if there is none. Raises `TttlrmError` for any other file, or another network."""
    if not path.is_file():
        return SurfaceTrainer(model, seed, rate)
    with reading_state(path) as state:
        trainer = SurfaceTrainer(model, state["seed"], state["rate"])
        if state["network"] != fingerprint(model):
            raise ValueError
        trainer.load_state(state)
    return trainer


def _keep(args: argparse.Namespace, trainer: SurfaceTrainer, figures: dict[str, float] | None = None) -> None:
    """Save the state, and the weights if asked to."""
    with replacing(args.state) as part:
        torch.save(trainer.state(), part)
    if args.out:
        record = trainer.record() | ({"figures": figures} if figures else {})
        save_decoder(args.out, trainer.average, fingerprint(trainer.model), record)


def _write(path: Path, trainer: SurfaceTrainer, figures: dict[str, float]) -> None:
    words = f"step {trainer.step}, {trainer.seconds / 60:.1f} min: {line(figures)}"
    print(words, flush=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(words + "\n")
