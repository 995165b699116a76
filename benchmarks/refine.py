# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out PSNR and SSIM, and seconds, of refinement by start and budget; and the loss against its plain twin.

python benchmarks/refine.py PHOTOS [--poses auto] [--size 270x480] [--hold-out 8] [--start auto] [--budget 250 500 1000] [--out T]

Seconds are those of refinement alone, without reading photos and finding sparse points. T gets the table, tab-separated.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tttlrm_blender.commands.options import budget, size
from tttlrm_blender.pipeline import steps
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DecodeSettings, ReconstructSettings
from tttlrm_blender.refine.loss import photo_loss, photo_loss_reference
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.start import STARTS

COLUMNS = ("start", "budget", "steps", "seconds", "psnr", "ssim", "splats")


def main() -> None:
    """Print one line per start and budget."""
    options = parse()
    width, height = options.size
    settings = ReconstructSettings(poses=options.poses, width=width, height=height, hold_out=options.hold_out)
    model = load_network(settings.checkpoint)
    photographs = steps.load(Scene(options.photos), model.config.most_views, settings, Report())
    made = steps.encode_photos(model, photographs, settings, Report())
    decoded, points = steps.decode_splats(model, made, DecodeSettings(), Report()), steps.points_of(made, Report())
    found, given = len(points) if points else 0, len(photographs.inputs)
    print(f"{given} photos in, {len(decoded)} splats decoded, {found} points, {torch.get_num_threads()} threads")
    rows = [COLUMNS]
    print(*rows[0], sep="\t")
    for start in options.start:
        for text in options.budget:
            counting, started = Counting(), time.perf_counter()
            splats = refine(decoded, photographs.inputs, replace(budget(text), start=start), counting, points)
            seconds = time.perf_counter() - started
            scores = steps.measure(splats, made, Report())
            figures = (f"{seconds:.0f}", f"{scores['psnr']:.2f}", f"{scores['ssim']:.3f}", str(len(splats)))
            rows.append((start, text, str(counting.steps), *figures))
            print(*rows[-1], sep="\t", flush=True)
    if options.out:
        options.out.write_text("".join("\t".join(row) + "\n" for row in rows))
    images = torch.as_tensor(photographs.inputs.images[:2])
    compare_losses(images[:1], images[1:])


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", type=size, default=(270, 480))
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--start", nargs="+", choices=STARTS, default=["auto"])
    parser.add_argument("--budget", nargs="+", default=["250", "500", "1000"], help="as --refine takes them: 250, 10x, 30s")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


class Counting(Report):
    """Counts the steps of refinement."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = -1  # refinement reports once before the first

    def progress(self, stage: str, fraction: float) -> None:
        """A step, or the beginning."""
        self.steps += 1


def compare_losses(picture: torch.Tensor, photo: torch.Tensor) -> None:
    """Print how much faster the loss and its gradient are than in plain torch."""
    fast, plain = (seconds(loss, picture, photo) for loss in (photo_loss, photo_loss_reference))
    print(f"loss and gradient: {fast * 1e3:.1f} ms, in plain torch {plain * 1e3:.1f} ms, {plain / fast:.1f} times as long")


def seconds(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], picture: torch.Tensor, photo: torch.Tensor) -> float:
    """The median time of a loss with its gradient."""
    times = []
    for _ in range(20):
        started = time.perf_counter()
        loss(picture.requires_grad_(), photo).backward()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


if __name__ == "__main__":
    main()
