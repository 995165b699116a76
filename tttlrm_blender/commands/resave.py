# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a file of splats in another format.

The ending of the new file's name chooses it: .ply, .compressed.ply, .spz, .splat or .glb.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument("splats", type=Path, metavar="SPLATS", help="a PLY, SPZ, .splat or GLB file")
    parser.add_argument("target", type=Path, metavar="FILE", help="the new file")


def run(args: argparse.Namespace) -> int:
    """Read the one, write the other."""
    from ..gaussians.formats.registry import read_splats, up_axis, write_splats

    gaussians = read_splats(args.splats)
    write_splats(args.target, gaussians, up=up_axis(args.splats))
    sizes = (f"{path.stat().st_size / 1e6:.1f} MB" for path in (args.splats, args.target))
    print(f"{len(gaussians)} splats are in {args.target} ({' → '.join(sizes)})")
    return 0
