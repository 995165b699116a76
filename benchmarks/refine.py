# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure held-out PSNR and SSIM, and seconds, of refinement by start and budget; and time the loss compared with its plain twin.

python -m benchmarks.refine PHOTOS [--poses auto] [--size 270x480] [--hold-out 8] [--start auto] [--budget 250 500 1000]

Seconds are those of refinement alone, without reading photos or finding sparse and dense points.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from benchmarks.table import Row, best, show
from tttlrm_blender.commands.option_forms import budget, size
from tttlrm_blender.pipeline import steps
from tttlrm_blender.pipeline.depth import depth_for
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.poses.sparse_points import sparse_points
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import STARTS, DecodeSettings, ReconstructSettings
from tttlrm_blender.refine.loss import photo_loss, photo_loss_reference
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.render.metrics import evaluate_views


def main() -> None:
    """Print the table."""
    options = parse()
    show(rows(options))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Each start with each budget, then the loss."""
    width, height = options.size
    settings = ReconstructSettings(poses=options.poses, width=width, height=height, hold_out=options.hold_out)
    model = load_network(settings.checkpoint)
    scene_photos = steps.load(Scene(options.photos), model.config.most_views, settings, Report())
    reconstruction = steps.encode_photos(model, scene_photos, settings, Report())
    held_out = scene_photos.read_held_out(Report())
    decoded, points = (
        steps.decode_splats(model, reconstruction, DecodeSettings(), Report()),
        sparse_points(scene_photos.files, Report(), fine=False),
    )
    for start in options.start:
        for text in options.budget:
            wanted, found = replace(budget(text), start=start), [decoded]
            with mock.patch.object(Parameters, "step", autospec=True, side_effect=Parameters.step) as stepped:
                depth = depth_for(scene_photos.inputs, points, wanted, Report()) if start == "auto" else None
                refined = partial(refine, decoded, scene_photos.inputs, wanted, Report(), points, depth=depth)
                seconds = best(lambda refined=refined, found=found: found.append(refined()), 1)
            scores, name = evaluate_views(found[-1], held_out), f"{start}, {text}"
            yield Row(f"{name}: {stepped.call_count} steps, {len(found[-1]):,} splats", *seconds)
            yield Row(f"{name}: held-out PSNR", scores["psnr"], unit="dB")
            yield Row(f"{name}: held-out SSIM", scores["ssim"], unit="")
    photo, picture = torch.as_tensor(scene_photos.inputs.images[:2]).split(1)
    kinds = (photo_loss, photo_loss_reference)
    fast, plain = (np.array(best(partial(differentiate, loss, picture, photo), 20)) for loss in kinds)
    yield Row("loss and gradient", *fast)
    yield Row("plain torch compared with it", *plain / fast, unit="times")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", type=size, default=(270, 480))
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--start", nargs="+", choices=[start.identifier for start in STARTS], default=["auto"])
    parser.add_argument("--budget", nargs="+", default=["250", "500", "1000"], help="budgets as in --refine: 250, 10x, 30s")
    return parser.parse_args()


def differentiate(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], picture: torch.Tensor, photo: torch.Tensor) -> None:
    """Compute a loss and its gradient."""
    loss(picture.detach().requires_grad_(), photo).backward()


if __name__ == "__main__":
    main()
