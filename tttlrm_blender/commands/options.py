# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how photos become a scene, the same for every command that reconstructs."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from dataclasses import replace

from ..argument_types import whole
from ..protocol.settings import ReconstructSettings, RefineSettings
from .result_options import add_result_options, decode_settings, mesh_settings

HOLD_OUT = "keep every N-th photo, the first included, for measuring, or the test photos of a data set that has such"


def add_reconstruct_options(parser: ArgumentParser, mesh: bool = False) -> None:
    """Add the options that `reconstruct_settings` reads; `mesh` says whether a mesh is made when nobody asks."""
    add = parser.add_argument_group("reconstruction").add_argument
    add("--views", type=whole(), default=0, metavar="N", help="photos given to the network (default: all that make sense)")
    add("--size", type=size, default=(0, 0), metavar="WxH", help="size of the photos, such as 270x480 (default: their own)")
    add("--scan", choices=("full", "ar"), default="full", help="one pass over all photos, or chunk by chunk (default: full)")
    add("--elastic", action="store_true", help="hold the memory of early photos in long chunk-by-chunk scans")
    add(
        "--poses",
        default="auto",
        metavar="auto|estimate|FILE",
        help="camera poses (default: found beside the photos, else estimated)",
    )
    add(
        "--orient",
        choices=("auto", "always", "never"),
        default="auto",
        help="turn the scene upright (default: where poses are estimated)",
    )
    add("--distance", default="", metavar="A:B=METRES", help="how far apart two photos were taken, such as a.jpg:b.jpg=2.5")
    add("--keep", type=_share, default=0.0, metavar="SHARE", help="share of pixels that become splats (default: 0.4)")
    add(
        "--refine",
        type=budget,
        default=RefineSettings(),
        metavar="N|Nx|Ns",
        help="optimise: 1000 is steps, 10x is passes over the photos, 120s is seconds",
    )
    add("--start", choices=("auto", "decoded", "points", "both"), default="auto", help="what is optimised (default: auto)")
    add("--exposure", action="store_true", help="photos were metered one by one: let each have its exposure")
    add("--correct-poses", action="store_true", help="learn small corrections of the cameras while refining")
    add("--sky", action=BooleanOptionalAction, default=True, help="far splats where photos look past everything near")
    add("--densify", choices=("split", "mcmc"), default="split", help="how refining adds splats (default: split)")
    add("--mesh", action=BooleanOptionalAction, default=mesh, help="make a mesh too")
    add("--checkpoint", default="default", metavar="default|FILE", help="the network's weights")
    add("--remove-background", default="", metavar="FILE", help="lay things on white, found by the ONNX network of this file")
    add("--hold-out", type=whole(), default=0, metavar="N", help=HOLD_OUT)
    add_result_options(parser)


def reconstruct_settings(args: Namespace) -> ReconstructSettings:
    """The settings that the parsed options ask for."""
    width, height = args.size
    return ReconstructSettings(
        poses=args.poses,
        orient=args.orient,
        distance=args.distance,
        views=args.views,
        width=width,
        height=height,
        hold_out=args.hold_out,
        scan=args.scan,
        elastic=args.elastic,
        checkpoint=args.checkpoint,
        remove_background=args.remove_background,
        decode=decode_settings(args),
        refine=_refine_settings(args),
        mesh=mesh_settings(args) if args.mesh else None,
    )


def _refine_settings(args: Namespace) -> RefineSettings:
    named = {
        "start": args.start,
        "exposure": args.exposure,
        "poses": args.correct_poses,
        "sky": args.sky,
        "densify": args.densify,
    }
    return replace(args.refine, **named)


def _share(text: str) -> float:
    if not re.fullmatch(r"[01]|[01]?\.\d+", text) or not 0 < float(text) <= 1:
        raise ArgumentTypeError(f"--keep is a share of the pixels, such as 0.4; got {text}")
    return float(text)


def size(text: str) -> tuple[int, int]:
    """Width and height of WIDTHxHEIGHT, as an argument's type."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise ArgumentTypeError(f"--size is WIDTHxHEIGHT, such as 270x480; got {text}")
    return int(match[1]), int(match[2])


def budget(text: str) -> RefineSettings:
    """Steps, passes or seconds of refinement, as an argument's type."""
    match = re.fullmatch(r"(\d+)(x?)|(\d+|\d*\.\d+)s", text)
    if match is None:
        raise ArgumentTypeError(
            f"--refine is a number of steps (1000), of passes over the photos (10x) or of seconds (120s); got {text}"
        )
    count, passes, seconds = match.groups()
    if seconds:
        return RefineSettings(seconds=float(seconds))
    return RefineSettings(passes=int(count)) if passes else RefineSettings(steps=int(count))
