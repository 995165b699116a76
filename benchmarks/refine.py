# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out PSNR and SSIM, and seconds, of refinement from sparse points alone, by steps; and the loss against its plain twin.

python benchmarks/refine.py PHOTOS [--poses auto] [--size 270x480] [--hold-out 8] [--steps 250 500 1000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.photos.find import find_photos
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.photos.points import SparsePoints, sparse_points
from tttlrm_blender.photos.selection import hold_out
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.loss import photo_loss, photo_loss_reference
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.metrics import evaluate_views

NO_SPLATS = Gaussians(*(np.zeros((0, *shape), np.float32) for shape in ((3,), (4,), (3,), (), (1, 3))))


def main() -> None:
    """Print one line per number of steps."""
    options = parse()
    inputs, held_out = hold_out(find_photos(options.photos, options.poses), options.hold_out)
    width, height = (int(side) for side in options.size.split("x"))
    measured, photos = load_photos(held_out, width, height), load_photos(inputs, width, height)
    points = sparse_points(inputs, Report())
    print(f"{len(photos)} photos in, {len(measured)} held out, {len(points)} points, {torch.get_num_threads()} threads")
    for steps in options.steps:
        measure(steps, photos, measured, points)
    compare_losses(torch.as_tensor(photos.images[:1]), torch.as_tensor(photos.images[1:2]))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", default="270x480")
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--steps", type=int, nargs="+", default=[250, 500, 1000])
    return parser.parse_args()


def measure(steps: int, photos: PhotoSet, measured: PhotoSet, points: SparsePoints) -> None:
    """Refine for so many steps and print how good the held-out views are."""
    started = time.perf_counter()
    splats = refine(NO_SPLATS, photos, RefineSettings(steps=steps), Report(), points)
    seconds = time.perf_counter() - started
    scores = evaluate_views(splats, measured)
    print(f"{steps:6} steps: {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}, {len(splats):6} splats, {seconds:.0f} s")


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
