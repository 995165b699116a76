# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure refined splats, antialiased and classic, drawn smaller and larger than the photos that they were refined with.

python -m benchmarks.scales PHOTOS [--poses auto] [--size 135x240] [--hold-out 8] [--steps 300] [--scales 0.5 1 2 4]

Each picture is compared with the held-out photo resized to its size. Sizes larger than the photos are left out. Refinement starts
from sparse points.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.gaussians.gaussians import allocate
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.pipeline import steps
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.poses.sparse_points import sparse_points
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import ReconstructSettings, RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.metrics import evaluate_views

KINDS = {"classic": False, "antialiased": True}


def main() -> None:
    """Print the table."""
    show(rows(parse()))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """PSNR and SSIM of each kind of splats at each scale."""
    width, height = options.size
    settings = ReconstructSettings(poses=options.poses, width=width, height=height, hold_out=options.hold_out)
    photos = steps.load(Scene(options.photos), 1, settings, Report())
    points = sparse_points(photos.files, Report())
    for name, antialiased in KINDS.items():
        wanted = RefineSettings(steps=options.steps, start="points", antialiased=antialiased)
        refined = refine(allocate(0, 0), photos.inputs, wanted, Report(), points)
        for scale in options.scales:
            if scale * width <= photos.tested[0].width:
                held_out = load_photos(photos.tested, round(scale * width), round(scale * height))
                scores = evaluate_views(refined, held_out)
                yield Row(f"{name}, {scale:g} times the size: held-out PSNR", scores["psnr"], unit="dB")
                yield Row(f"{name}, {scale:g} times the size: held-out SSIM", scores["ssim"], unit="")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", type=size, default=(135, 240))
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.5, 1, 2, 4])
    return parser.parse_args()


if __name__ == "__main__":
    main()
