# SPDX-License-Identifier: GPL-3.0-or-later
"""A training run from its options to its checkpoint: resumed, logged, saved and measured."""

from __future__ import annotations

import argparse
import pickle
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ..errors import TttlrmError
from ..files import replacing
from ..model.checkpoint import save_checkpoint
from .evaluate import evaluate, validate
from .preview import write_preview
from .trainer import DEFAULT_CONFIG, Budget, Plan, Trainer

LOG_EVERY = 30.0  # seconds


def run(args: argparse.Namespace) -> int:
    """Train, or draw scenes, as the options say. Raises `TttlrmError` for options or files that cannot be used."""
    if args.preview:
        write_preview(args.preview, args.seed)
        return 0
    if not args.state:
        raise TttlrmError("A training run needs a file to resume from.", "Give --state, or --preview.", "bad_settings")
    if not (args.minutes > 0 or args.steps > 0):
        raise TttlrmError("A training run needs an end.", "Give --minutes or --steps.", "bad_settings")
    plan = Plan(seed=args.seed, start=args.start, color_from=args.color_from, bfloat16=args.bfloat16)
    trainer = resume(args.state, Trainer(DEFAULT_CONFIG, plan, args.device))
    watch = Watch(args.state, args.save_every * 60)
    trainer.run(Budget(args.steps, args.minutes * 60), watch)
    save_state(args.state, trainer)
    if args.out:
        export(args.out, trainer, args.evaluate)
    return 0


def export(path: Path, trainer: Trainer, scenes: int) -> None:
    """Write the averaged weights as a checkpoint, with the record of the run and its figures on held-out scenes."""
    figures = evaluate(trainer.average, scenes)
    save_checkpoint(path, trainer.average, record(trainer) | {"held_out_scenes": scenes, "figures": figures})
    print(f"wrote {path}: " + _line(figures), flush=True)


def record(trainer: Trainer) -> dict[str, Any]:
    """What was done to get the weights."""
    return {
        "data": "procedural scenes",
        "steps": trainer.step,
        "samples": trainer.samples,
        "minutes": round(trainer.seconds / 60, 1),
        "plan": asdict(trainer.plan),
    }


def save_state(path: Path, trainer: Trainer) -> None:
    """Write everything that a later sitting needs, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        torch.save(trainer.state(), part)


def resume(path: Path, trainer: Trainer) -> Trainer:
    """The trainer, where the state file left it if there is one. Raises `TttlrmError` for a file of another run."""
    if not path.is_file():
        return trainer
    try:
        trainer.load_state(torch.load(path, map_location=trainer.device, weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as error:
        raise TttlrmError(f"{path} is not the state of such a run.", "Name another --state.", "bad_state") from error
    return trainer


class Watch:
    """Logs and saves a run now and then."""

    def __init__(self, path: Path, save_every: float) -> None:
        self._path, self._save_every = path, save_every
        self._saved = self._logged = time.monotonic()
        self._terms: dict[str, list[float]] = defaultdict(list)

    def __call__(self, trainer: Trainer, terms: dict[str, float]) -> None:
        """Take note of one step."""
        now = time.monotonic()
        for name, value in terms.items():
            self._terms[name].append(value)
        if now - self._logged > LOG_EVERY:
            self._log(trainer)
            self._logged = now
        if now - self._saved > self._save_every:
            save_state(self._path, trainer)
            print("validation: " + _line(validate(trainer.average)), flush=True)
            self._saved = now

    def _log(self, trainer: Trainer) -> None:
        means = {name: sum(values) / len(values) for name, values in self._terms.items()}
        done = f"step {trainer.step}, {trainer.samples} scenes, {trainer.seconds / 60:.1f} min, {trainer.skipped} skipped: "
        print(done + _line(means), flush=True)
        self._terms.clear()


def _line(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
