# SPDX-License-Identifier: GPL-3.0-or-later
"""`import`, `export` and `cameras`: splats and cameras from and to .blend files; no worker is needed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import bpy

from ..actions.files.export_cameras import export_cameras
from ..actions.files.export_splats import export_splats
from ..actions.files.import_splats import import_splats
from ..engine import files, splat_files
from ..narrowing import given
from . import blend_files, objects, operator_options

NO_OPTIONS = ("filepath", "file_format", "use_selection")  # what the arguments say otherwise


def add_commands(commands: Any) -> None:
    """Declare the three subcommands."""
    parser = commands.add_parser("import", help="make a .blend file of splat files")
    parser.add_argument("files", nargs="+", type=Path, metavar="SPLATS", help="files with splats; each becomes an object")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.blend", help="file to be written")
    _complete(parser, import_, "import_splats")
    parser = commands.add_parser(
        "export",
        help="write the splats of a .blend file to a splat file",
        description="Write splats as Blender shows them, with the transforms of their objects, all into one file.",
    )
    _add_files(parser, "SPLATS", "file to be written; its suffix tells the format")
    objects.add_argument(parser)
    _complete(parser, export, "export_splats")
    parser = commands.add_parser("cameras", help="write the cameras of a .blend file to a transforms.json or as COLMAP text")
    _add_files(parser, "FILE", "transforms.json, or images.txt in a folder for COLMAP")
    _complete(parser, cameras, "export_cameras")


def import_(args: Namespace) -> None:
    """Read the splats into an empty file and save it. Raises `TttlrmError`, and then nothing is saved."""
    files.require_file(args.out)
    blend_files.begin()
    import_splats(bpy.context, [file.absolute() for file in args.files], **operator_options.given(args, args.operator))
    blend_files.save(args.out)


def export(args: Namespace) -> None:
    """Write the chosen splats. Raises `TttlrmError`."""
    splat_files.require_target(args.out)
    blend_files.open_file(args.file)
    export_splats(args.out.absolute(), objects.chosen_splats(args.object), **operator_options.given(args, args.operator))


def cameras(args: Namespace) -> None:
    """Write the cameras. Raises `TttlrmError`."""
    files.require_folder(args.out.parent, args.out.name)
    blend_files.open_file(args.file)
    scene = bpy.context.scene
    export_cameras(args.out.absolute(), given(scene).objects, given(scene), **operator_options.given(args, args.operator))


def _add_files(parser: ArgumentParser, metavar: str, words: str) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.blend", help="file to be read")
    parser.add_argument("--out", type=Path, required=True, metavar=metavar, help=words)


def _complete(parser: ArgumentParser, run: Any, operator: str) -> None:
    operator_options.add_arguments(parser, operator, but=NO_OPTIONS)
    parser.set_defaults(run=run, operator=operator)
