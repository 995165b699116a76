# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a training run, for `tttlrm train` and `python -m tttlrm_blender.train`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..argument_types import whole
from .plan import HELD_OUT, NETWORKS, STAGES, Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    what = "splats for the network itself, surface for its decoder of surfaces (default: splats)"
    parser.add_argument("--decoder", choices=("splats", "surface"), default="splats", help=what)
    parser.add_argument("--minutes", type=float, default=0.0, help="total training time, including earlier sittings")
    parser.add_argument("--steps", type=int, default=0, help="total number of steps, including earlier sittings")
    parser.add_argument("--sitting", type=float, default=0.0, metavar="MINUTES", help="time to train now; 0 for the rest")
    parser.add_argument("--state", type=Path, help="file to resume from, saved every few minutes, with the log beside it")
    parser.add_argument("--out", type=Path, help="checkpoint to write whenever the state is saved")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to train (default: cpu)")
    parser.add_argument("--loaders", type=whole(), default=0, metavar="N", help="processes that render scenes ahead of training")
    parser.add_argument("--save-every", type=float, default=3.0, metavar="MINUTES", help="time between saved states")
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES", help="time between validations")
    parser.add_argument("--evaluate", type=whole(), default=64, metavar="SCENES", help="held-out scenes for the final metrics")
    parser.add_argument("--preview", type=Path, metavar="FILE", help="write a PNG of scenes instead of training")
    _add_plan(parser.add_argument_group("options of a new run (a resumed run keeps its own)").add_argument)


def _add_plan(add) -> None:
    plan = Plan()
    add("--network", choices=NETWORKS, default="small", help="size of a new network (default: small)")
    add("--start", default="", metavar="default|FILE", help="checkpoint to start from")
    add("--seed", type=seed, default=0, help="seed of weights and scenes")
    add("--stages", type=stages, default={}, metavar="NAME=SHARE,…", help=f"shares of the budget of {', '.join(STAGES)}")
    add("--rate", type=float, default=plan.rate, help="highest learning rate")
    add("--tokens", type=int, default=plan.tokens, help="approximate number of tokens of all scenes of a step")
    add("--recorded", default="", metavar="FOLDER", help="recorded scenes to learn from, too")
    add("--share", type=float, default=plan.share, help="share of the steps with recorded scenes (default: %(default)s)")
    add("--bfloat16", action="store_true", help="multiply in bfloat16; faster on GPUs and some CPUs")
    add("--perceptual", default="", metavar="FILE", help="VGG16 weights for a perceptual loss")


def seed(text: str) -> int:
    """Argument type: a seed below that of the held-out scenes."""
    if whole()(text) >= HELD_OUT:
        raise argparse.ArgumentTypeError(f"a seed must be below {HELD_OUT}, which is that of the held-out scenes; got {text}")
    return int(text)


def stages(text: str) -> dict[str, float]:
    """Argument type: shares by stage, such as “views=0.2,depth=0.8”."""
    try:
        shares = {name: float(share) for name, share in (part.split("=") for part in text.split(","))}
    except ValueError:
        shares = {}
    if not shares or not set(shares) <= set(STAGES) or min(shares.values()) < 0 or not sum(shares.values()) > 0:
        raise argparse.ArgumentTypeError(f"stages are {', '.join(STAGES)}, such as depth=0.7,splats=0.3; got {text}")
    return shares
