# SPDX-License-Identifier: GPL-3.0-or-later
"""Render splats from the cameras in a file.

Cameras are read from everything that gives `tttlrm reconstruct` poses, and from cameras.json. Writes a PNG for each camera.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..stages import Stage
from .option_forms import size
from .picture_names import file_names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("splats", type=Path, metavar="SPLATS", help="a PLY, SPZ, .splat or GLB file")
    parser.add_argument(
        "--cameras",
        type=Path,
        required=True,
        metavar="FILE",
        help="file, COLMAP model or folder with poses",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out/renders"), metavar="DIR", help="folder for the pictures (default: %(default)s)"
    )
    parser.add_argument("--size", type=size, default=None, metavar="WxH", help="size of the pictures (default: the cameras' own)")


def run(args: argparse.Namespace) -> int:
    """Render and write the pictures."""
    from PIL import Image

    from ..atomic_files import make_folder, replacing, require_folder
    from ..gaussians.formats.registry import read_splats
    from ..poses.camera_files import read_cameras
    from ..render.pictures import draw_views, to_bytes
    from .console import Console

    require_folder(args.out)
    report = Console()
    gaussians, (names, cameras) = read_splats(args.splats), read_cameras(args.cameras, report)
    make_folder(args.out)
    for view, name in enumerate(file_names(names)):
        report(Stage.RENDER, view / len(names))
        camera = cameras[[view]].resized(*args.size) if args.size else cameras[[view]]
        with replacing(args.out / f"{name}.png") as part:
            Image.fromarray(to_bytes(draw_views(gaussians, camera)[0])).save(part)
    report.close()
    print(f"{len(names)} pictures are in {args.out}")
    return 0
