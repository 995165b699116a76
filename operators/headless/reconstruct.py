# SPDX-License-Identifier: GPL-3.0-or-later
"""`reconstruct PHOTOS --out FOLDER`: one photo set, for one task of a render farm."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from ..engine import errors, files
from . import batch
from .result import Task


def add_commands(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "reconstruct",
        help="reconstruct one photo set",
        description="Of a folder of photos, or a video, make FOLDER with <its name>.blend, splats.ply, mesh.glb, preview.png and "
        "report.json, as convert does of each of many sets. A finished one is left as it is.",
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos, or a video")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder that is to be made")
    batch.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> bool:
    """Reconstruct the set; whether that failed. Raises `TttlrmError`."""
    if not args.photos.exists():
        raise errors.TttlrmError(
            "There is nothing at {}.", args.photos, hint="Name a folder of photos, or a video.", code=errors.Code.USAGE
        )
    out = args.out.resolve()
    files.require_name(out)
    return batch.run([Task(args.photos.resolve(), out)], args)
