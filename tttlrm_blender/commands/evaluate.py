# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure reconstructions against photos that they never saw.

Each folder is reconstructed without its held-out photos; PSNR and SSIM over these are told. Nothing is written.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .options import add_reconstruct_options, reconstruct_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTOS", help="folders of photos")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    add_reconstruct_options(parser)
    parser.set_defaults(hold_out=8)


def run(args: argparse.Namespace) -> int:
    """Reconstruct each folder and print one row for it."""
    from ..worker.jobs import reconstruct
    from ..worker.scene import Scene
    from .console import Console

    settings, rows = reconstruct_settings(args), {}
    for folder in args.photos:
        report = Console()
        info = reconstruct(Scene(folder), settings, report).info
        report.close()
        rows[str(folder)] = {name: value for name, value in info.items() if name != "cameras"}
    print(json.dumps(rows if len(rows) > 1 else next(iter(rows.values()))) if args.json else table(rows))
    return 0


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The figures of several folders, a row each."""
    width = max(map(len, rows))
    head = f"{'photos':{width}}  views   splats    PSNR   SSIM  seconds"
    return "\n".join([head, *(_row(f"{name:{width}}", info) for name, info in rows.items())])


def _row(name: str, info: dict[str, Any]) -> str:
    spent = sum(info["seconds"].values())
    return f"{name}  {info['views']:5}  {info['splats']:7}  {info['psnr']:6.2f}  {info['ssim']:.3f}  {spent:7.1f}"
