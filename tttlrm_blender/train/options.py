# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a training run, for `tttlrm train` and `python -m tttlrm_blender.train`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..argument_types import whole
from .plan import HELD_OUT, NETWORKS, STAGES, Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--minutes", type=float, default=0.0, help="time to train in all, earlier sittings included")
    parser.add_argument("--steps", type=int, default=0, help="steps to train in all, earlier sittings included")
    parser.add_argument("--sitting", type=float, default=0.0, metavar="MINUTES", help="to train now, of those in all; 0 for all")
    parser.add_argument("--state", type=Path, help="file to resume from and to save to every few minutes; the log lies beside it")
    parser.add_argument("--out", type=Path, help="checkpoint to write whenever the state is saved")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to train (default: cpu)")
    parser.add_argument(
        "--loaders", type=whole(), default=0, metavar="N", help="processes that draw scenes ahead of the training"
    )
    parser.add_argument("--save-every", type=float, default=3.0, metavar="MINUTES", help="between saved states")
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES", help="between figures in the log")
    parser.add_argument("--evaluate", type=whole(), default=64, metavar="SCENES", help="held-out scenes measured for the record")
    parser.add_argument("--preview", type=Path, metavar="FILE", help="write a PNG of scenes of this seed instead of training")
    _add_plan(parser.add_argument_group("of a new run; a resumed one keeps its own").add_argument)


def _add_plan(add) -> None:
    plan = Plan()
    add("--network", choices=NETWORKS, default="small", help="size of the network that the run begins with (default: small)")
    add("--start", default="", metavar="default|FILE", help="checkpoint that the run begins with")
    add("--seed", type=seed, default=0, help="of the weights and the scenes")
    add("--stages", type=stages, default={}, metavar="NAME=SHARE,…", help=f"of {', '.join(STAGES)}: shares of the budget")
    add("--rate", type=float, default=plan.rate, help="highest learning rate")
    add("--tokens", type=int, default=plan.tokens, help="of all scenes of a step together, about")
    add("--bfloat16", action="store_true", help="multiply in bfloat16; fast on some processors and on GPUs")
    add("--perceptual", default="", metavar="FILE", help="weights of VGG16 for a perceptual loss")


def seed(text: str) -> int:
    """A seed of scenes that are not kept for measuring, as an argument's type."""
    if whole()(text) >= HELD_OUT:
        raise argparse.ArgumentTypeError(f"seeds lie below {HELD_OUT}, whose scenes are kept for measuring; got {text}")
    return int(text)


def stages(text: str) -> dict[str, float]:
    """Shares by stage of “views=0.2,depth=0.8”, as an argument's type."""
    try:
        shares = {name: float(share) for name, share in (part.split("=") for part in text.split(","))}
    except ValueError:
        shares = {}
    if not shares or not set(shares) <= set(STAGES) or min(shares.values()) < 0 or not sum(shares.values()) > 0:
        raise argparse.ArgumentTypeError(f"stages are {', '.join(STAGES)}, such as depth=0.7,splats=0.3; got {text}")
    return shares
