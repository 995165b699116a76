# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert a file of splats to another format.

The new file's name determines the format: .ply, .compressed.ply, .spz, .splat or .glb.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("splats", type=Path, metavar="SPLATS", help="a PLY, SPZ, .splat or GLB file")
    parser.add_argument("target", type=Path, metavar="FILE", help="the new file")


def run(args: argparse.Namespace) -> int:
    """Convert the file and print both sizes."""
    from ..gaussians.formats.registry import read_splats, require_target, up_axis, write_splats

    require_target(args.target)
    gaussians = read_splats(args.splats)
    write_splats(args.target, gaussians, up=up_axis(args.splats))
    sizes = (f"{path.stat().st_size / 1e6:.1f} MB" for path in (args.splats, args.target))
    print(f"{len(gaussians)} splats are in {args.target} ({' → '.join(sizes)})")
    return 0
