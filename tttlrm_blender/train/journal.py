# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of a training run: losses, and metrics and pictures of a fixed validation set."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic_files import make_folder
from .evaluate import validate, validation_pictures

if TYPE_CHECKING:
    from .trainer import Trainer

LOG_EVERY = 30.0  # seconds


class Journal:
    """A folder with `steps.txt`, `validation.tsv` and `step-N.png`, each picture a row of photo, splats and error per scene."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logged = time.monotonic()
        self._terms: dict[str, list[float]] = defaultdict(list)

    def step(self, trainer: Trainer, terms: dict[str, float]) -> None:
        """Record one step, and write the means of the last half minute when that has passed."""
        for name, value in terms.items():
            self._terms[name].append(value)
        if time.monotonic() - self._logged > LOG_EVERY:
            means = {name: sum(values) / len(values) for name, values in self._terms.items()}
            self._write("steps.txt", f"{progress(trainer)}: {line(means)}")
            self._terms.clear()
            self._logged = time.monotonic()

    def validated(self, trainer: Trainer) -> None:
        """Write metrics and pictures of the averaged weights on the validation set."""
        result = trainer.result()
        figures = validate(result)
        row = {"step": trainer.step, "samples": trainer.samples, "minutes": trainer.seconds / 60, **figures}
        if not (self.folder / "validation.tsv").is_file():
            self._write("validation.tsv", "\t".join(row))
        self._write("validation.tsv", "\t".join(f"{value:.6g}" for value in row.values()))
        validation_pictures(result, self.folder / f"step-{trainer.step:07}.png")

    def _write(self, name: str, text: str) -> None:
        make_folder(self.folder)
        print(text, flush=True)
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def progress(trainer: Trainer) -> str:
    """The progress of a run in words."""
    return f"step {trainer.step}, {trainer.samples} scenes, {trainer.seconds / 60:.1f} min, {trainer.skipped} skipped"


def line(figures: dict[str, float]) -> str:
    """Format metrics by name in one line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
