# SPDX-License-Identifier: GPL-3.0-or-later
"""A training run from its options to its checkpoint: resumed, logged, saved and measured."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ..atomic_files import LEAST_ROOM, make_folder, replacing, require_file
from ..errors import Code, TttlrmError
from ..model.checkpoint import save_checkpoint, training_record
from ..model.config import Config
from ..model.network import TttLRM
from . import surface
from .evaluate import evaluate
from .journal import Journal, line
from .plan import CONTINUED, FRESH, NETWORKS, Budget, Plan
from .preview import write_preview
from .recording import recordings
from .states import reading_state
from .trainer import Trainer, fresh_model, trained_model

INTERRUPTED = 130  # exit status
WITHOUT_DRAWING = "gsplat is not installed, so no stage renders splats: distances and opacities are trained, sizes are not."


def run(args: argparse.Namespace) -> int:
    """Train, or draw a preview of scenes; returns the exit status. Raises `TttlrmError` for unusable options or files."""
    if args.preview:
        write_preview(args.preview, args.seed)
        return 0
    _prepare(args)
    if args.decoder == "surface":
        return surface.run(args)
    trainer = resume(args.state, args.device, args.loaders) or begin(args)
    if trainer.compilation and not trainer.compilation.installed:
        print(WITHOUT_DRAWING, flush=True)
    journal = Journal(args.state.with_name(f"{args.state.stem}-log"))

    def keep(trainer: Trainer) -> None:
        save_state(args.state, trainer)
        if args.out:
            save_checkpoint(args.out, trainer.average, record(trainer))

    chores = (Chore(keep, args.save_every * 60), Chore(journal.validated, args.validate_every * 60))
    try:
        trainer.run(Budget(args.steps, args.minutes * 60), Watch(journal, chores), args.sitting * 60)
    except KeyboardInterrupt:
        keep(trainer)
        print(f"stopped; run the same command to resume from {args.state}", flush=True)
        return INTERRUPTED
    keep(trainer)
    journal.validated(trainer)
    if args.out:
        export(args.out, trainer, args.evaluate)
    return 0


def _prepare(args: argparse.Namespace) -> None:
    """Check the options, and make the folders that the run writes to."""
    if not args.state:
        raise TttlrmError("A training run needs a state file.", hint="Give --state, or --preview.", code=Code.BAD_SETTINGS)
    if not (args.minutes > 0 or args.steps > 0):
        raise TttlrmError("A training run needs a budget.", hint="Give --minutes or --steps.", code=Code.BAD_SETTINGS)
    if args.recorded:
        recordings(args.recorded)
    if args.device == "cuda" and not torch.cuda.is_available():
        raise TttlrmError(
            "There is no CUDA GPU, or torch is built without CUDA.", hint="Train with --device cpu.", code=Code.NO_DEVICE
        )
    for path in filter(None, (args.state, args.out)):
        make_folder(path.parent)
        require_file(path, LEAST_ROOM)
    if args.device == "cpu":
        torch.set_num_threads(1)  # the matrices are too small for more threads


def plan(args: argparse.Namespace) -> Plan:
    """The plan of a new run, from its options."""
    chosen = {
        name: getattr(args, name) for name in ("seed", "start", "bfloat16", "perceptual", "rate", "tokens", "recorded", "share")
    }
    curriculum = CONTINUED if args.start else FRESH
    return replace(Plan(curriculum=curriculum), **chosen, **({"stages": args.stages} if args.stages else {}))


def begin(args: argparse.Namespace) -> Trainer:
    """The trainer of a new run. Raises `TttlrmError` if its starting checkpoint cannot be used."""
    start = args.start
    model = trained_model(start) if start else fresh_model(NETWORKS[args.network], args.seed)
    trainer = Trainer(model, plan(args), args.device, args.loaders)
    trainer.before = training_record(start) if start else {}
    return trainer


def export(path: Path, trainer: Trainer, scenes: int) -> None:
    """Write the averaged weights as a checkpoint, with the record of the run and metrics on held-out scenes."""
    figures = evaluate(trainer.result(), scenes) if scenes else {}
    save_checkpoint(path, trainer.average, record(trainer) | {"held_out_scenes": scenes, "figures": figures})
    print(f"wrote {path}" + (": " + line(figures) if figures else ""), flush=True)


def record(trainer: Trainer) -> dict[str, Any]:
    """How the weights were trained; `before` is the record of the starting checkpoint."""
    names = {
        name: Path(getattr(trainer.plan, name)).name for name in ("start", "perceptual", "recorded")
    }  # folders may be private
    done = {
        "data": "procedural and recorded scenes" if trainer.plan.recorded else "procedural scenes",
        "steps": trainer.step,
        "samples": trainer.samples,
        "minutes": round(trainer.seconds / 60, 1),
        "plan": asdict(trainer.plan) | names,
    }
    return done | ({"before": trainer.before} if trainer.before else {})


def save_state(path: Path, trainer: Trainer) -> None:
    """Write everything that is needed to resume, atomically."""
    with replacing(path) as part:
        torch.save(trainer.state(), part)


def resume(path: Path, device: str = "cpu", processes: int = 0) -> Trainer | None:
    """The trainer restored from a state file, or None without one. Raises `TttlrmError` for any other file."""
    if not path.is_file():
        return None
    with reading_state(path) as state:
        trainer = Trainer(TttLRM(Config(**state["config"])), Plan(**state["plan"]), device, processes)
        trainer.load_state(state)
    return trainer


class Chore:
    """Periodic work of a run, such as saving."""

    def __init__(self, work: Callable[[Trainer], None], every: float) -> None:
        self._work, self._every, self._done = work, every, time.monotonic()  # seconds

    def __call__(self, trainer: Trainer) -> None:
        """Do the work if it is due."""
        if time.monotonic() - self._done > self._every:
            self._work(trainer)
            self._done = time.monotonic()


class Watch:
    """Callback after every step: writes the journal, and runs the chores."""

    def __init__(self, journal: Journal, chores: Sequence[Chore]) -> None:
        self._journal, self._chores = journal, chores

    def __call__(self, trainer: Trainer, terms: dict[str, float]) -> None:
        """Record one step."""
        self._journal.step(trainer, terms)
        for chore in self._chores:
            chore(trainer)
