# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a training run, for `tttlrm train` and `python -m tttlrm_blender.train`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--minutes", type=float, default=0.0, help="time to train in all, earlier sittings included")
    parser.add_argument("--steps", type=int, default=0, help="steps to train in all, earlier sittings included")
    parser.add_argument("--state", type=Path, help="file to resume from and to save to every few minutes")
    parser.add_argument("--out", type=Path, help="checkpoint to write in the end")
    parser.add_argument("--start", default="", metavar="default|FILE", help="checkpoint that a new run begins with")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and the scenes of a new run")
    parser.add_argument("--color-from", type=float, default=0.75, help="share of a new run after which rendered views count")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--bfloat16", action="store_true", help="multiply in bfloat16, in a new run; fast on some processors")
    parser.add_argument("--save-every", type=float, default=3.0, metavar="MINUTES", help="between saved states")
    parser.add_argument("--evaluate", type=int, default=64, metavar="SCENES", help="held-out scenes measured for the record")
    parser.add_argument("--preview", type=Path, metavar="FILE", help="write a PNG of scenes of this seed instead of training")
