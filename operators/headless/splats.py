# SPDX-License-Identifier: GPL-3.0-or-later
"""`import SPLATS… --out FILE.blend` and `export FILE.blend --out SPLATS`; no worker is needed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import bpy

from ..engine import errors, gaussians, splat_files
from ..scene.splats import is_splats, read_splats
from . import blend_files


def add_commands(commands: Any) -> None:
    """Declare the two subcommands."""
    parser = commands.add_parser("import", help="make a .blend file of splat files")
    parser.add_argument("files", nargs="+", type=Path, metavar="SPLATS", help="files with splats; each becomes an object")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.blend", help="file to be written")
    parser.set_defaults(run=import_)
    parser = commands.add_parser(
        "export",
        help="write the splats of a .blend file to a splat file",
        description="Write splats as Blender shows them, with the transforms of their objects, all into one file.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.blend", help="with splats")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="SPLATS", help="file to be written; its ending says the format"
    )
    add_objects_argument(parser)
    parser.set_defaults(run=export)


def import_(args: Namespace) -> None:
    """Read the splats into an empty file and save it. Raises `TttlrmError`, and then nothing is saved."""
    blend_files.begin()
    for file in args.files:
        with blend_files.told("", "bad_splats"):
            bpy.ops.tttlrm.import_splats(filepath=str(file.absolute()))
    blend_files.save(args.out)


def export(args: Namespace) -> None:
    """Write the chosen splats. Raises `TttlrmError`."""
    blend_files.open_file(args.file)
    splats = gaussians.merge([read_splats(obj) for obj in chosen_splats(args.object)])
    splat_files.write_splats(args.out.absolute(), splats)
    print(f"{len(splats):,} splats")


def add_objects_argument(parser: ArgumentParser) -> None:
    """Add the option that `chosen_splats` takes."""
    parser.add_argument("--object", action="append", metavar="NAME", help="these splats; may be repeated (default: all visible)")


def chosen_splats(names: list[str] | None) -> list[bpy.types.Object]:
    """The objects of some names in the scene, or all visible splats. Raises `TttlrmError` where there are none."""
    objects = bpy.context.scene.objects
    if names is None:
        found = [obj for obj in objects if is_splats(obj) and obj.visible_get()]
        if not found:
            raise errors.TttlrmError("The file shows no splats.", "Name hidden ones with --object.", "no_splats")
        return found
    missing = [name for name in names if not is_splats(objects.get(name))]
    if missing:
        there = ", ".join(obj.name for obj in objects if is_splats(obj)) or "none"
        raise errors.TttlrmError(f"There are no splats named {', '.join(missing)}.", f"There are: {there}.", "no_splats")
    return [objects[name] for name in dict.fromkeys(names)]
