# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure held-out PSNR and SSIM, and seconds, of refinement by start and budget; and time the loss compared with its plain twin.

python -m benchmarks.refine PHOTOS [--poses auto] [--size 270x480] [--hold-out 8] [--inputs 7 0]
    [--start auto] [--budget 250 500 1000]

Seconds are those of refinement alone, without reading photos or finding sparse and dense points. Where WebGPU draws, which
TTTLRM_DEVICE may name, it also tells how many bytes cross the bus in a step.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from benchmarks.table import Row, best, show
from tttlrm_blender.commands.option_forms import budget, size
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.photos.selection import select_views
from tttlrm_blender.pipeline import steps
from tttlrm_blender.pipeline.ahead import find_points
from tttlrm_blender.pipeline.depth import depth_for
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.pipeline.scene import Scene, ScenePhotos
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import STARTS, DecodeSettings, ReconstructSettings, RefineSettings
from tttlrm_blender.refine.loss import photo_loss, photo_loss_reference
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.stepper import Moment, TorchStepper
from tttlrm_blender.refine.webgpu.stepper import GpuStepper
from tttlrm_blender.render.metrics import evaluate_views


def main() -> None:
    """Print the table."""
    options = parse()
    show(rows(options))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Each number of photos and each start with each budget, then the loss."""
    width, height = options.size
    settings = ReconstructSettings(poses=options.poses, width=width, height=height, hold_out=options.hold_out)
    model = load_network(settings.checkpoint)
    loaded = steps.load(Scene(options.photos), model.config.most_views, settings, Report())
    for count in options.inputs:
        scene_photos = spread(loaded, count, model.config.most_views) if count else loaded
        reconstruction = steps.encode_photos(model, scene_photos, settings, Report())
        decoded = steps.decode_splats(model, reconstruction, DecodeSettings(), Report())
        for start in options.start:
            for text in options.budget:
                yield from run(
                    decoded,
                    scene_photos,
                    replace(budget(text), start=start),
                    f"{len(scene_photos.files)} photos, {start}, {text}",
                )
    photo, picture = torch.as_tensor(loaded.inputs.images[:2]).split(1)
    kinds = (photo_loss, photo_loss_reference)
    fast, plain = (np.array(best(partial(differentiate, loss, picture, photo), 20)) for loss in kinds)
    yield Row("loss and gradient", *fast)
    yield Row("plain torch compared with it", *plain / fast, unit="times")


def run(decoded: Gaussians[np.ndarray], scene_photos: ScenePhotos, settings: RefineSettings, name: str) -> Iterator[Row]:
    """One refinement."""
    points, photos, found = find_points(scene_photos.files, settings, Report()), scene_photos.inputs, [decoded]
    crossed = list[int]()  # bytes, by step
    with counting(crossed):
        depth = depth_for(photos, points, settings, Report()) if settings.start in ("auto", "both") else None
        refined = partial(refine, decoded, photos, settings, Report(), points, depth=depth)
        seconds = best(lambda: found.append(refined()), 1)
    scores = evaluate_views(found[-1], scene_photos.read_held_out(Report()))
    yield Row(f"{name}: {len(crossed)} steps, {len(found[-1]):,} splats", *seconds)
    if any(crossed):
        yield Row(f"{name}: least step", min(crossed), unit="bytes")
        yield Row(f"{name}: median step", np.median(crossed), unit="bytes")
        yield Row(f"{name}: mean step, with photos and growth", np.mean(crossed), unit="bytes")
    yield Row(f"{name}: held-out PSNR", scores["psnr"], unit="dB")
    yield Row(f"{name}: held-out SSIM", scores["ssim"], unit="")


@contextmanager
def counting(crossed: list[int]) -> Iterator[None]:
    """Append, for every step in the block, the bytes that cross the bus to and from the GPU."""
    on_gpu, by_torch = GpuStepper.step, TorchStepper.step

    def follow(stepper: GpuStepper, moment: Moment) -> None:
        before = replace(stepper.gpu.traffic)
        on_gpu(stepper, moment)
        after = stepper.gpu.traffic
        crossed.append(after.up - before.up + after.down - before.down)

    def count(stepper: TorchStepper, moment: Moment) -> None:
        crossed.append(0)
        by_torch(stepper, moment)

    with mock.patch.object(GpuStepper, "step", follow), mock.patch.object(TorchStepper, "step", count):
        yield


def spread(scene_photos: ScenePhotos, count: int, most_views: int) -> ScenePhotos:
    """Some photos of a scene, evenly spread."""
    chosen = np.linspace(0, len(scene_photos.files) - 1, count).round().astype(int)
    files = [scene_photos.files[index] for index in chosen]
    few = ScenePhotos(files, select_views(files, most_views), scene_photos.tested, scene_photos.size)
    few.read(Report())
    return few


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", type=size, default=(270, 480))
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--inputs", type=int, nargs="+", default=[0], help="photos to learn from, evenly spread; 0: all")
    parser.add_argument("--start", nargs="+", choices=[start.identifier for start in STARTS], default=["auto"])
    parser.add_argument("--budget", nargs="+", default=["250", "500", "1000"], help="budgets as in --refine: 250, 10x, 30s")
    return parser.parse_args()


def differentiate(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], picture: torch.Tensor, photo: torch.Tensor) -> None:
    """Compute a loss and its gradient."""
    loss(picture.detach().requires_grad_(), photo).backward()


if __name__ == "__main__":
    main()
