# SPDX-License-Identifier: GPL-3.0-or-later
"""`convert SETS --out DIR`: many photo sets, or this task's share of them."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from ..engine import errors
from . import batch, overview
from .result import Task

NO_TEXT = "The name of its folder is not UTF-8 text. Rename the folder."


def add_commands(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "convert",
        help="reconstruct many photo sets",
        description="For every folder of photos in SETS, make DIR/<set>/ with <set>.blend, splats.ply, mesh.glb, preview.png, "
        "photo.png and report.json, and for all of them DIR/report.csv, DIR/report.json and DIR/contact_sheet.jpg, with what "
        "became of each set. Splats are refined unless --quality draft is given. Sets that are finished are skipped, so an "
        "interrupted batch is resumed by the same command. Several tasks may write into one DIR at the same time: a set that "
        "one of them is at work on is left to it.",
    )
    add = parser.add_argument
    add("sets", type=Path, metavar="SETS", help="folder whose subfolders are photo sets")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    add("--only", action="append", metavar="NAME", help="do this set; may be repeated (default: all)")
    add("--share", type=_share, default=(1, 1), metavar="I/N", help="do the I-th set of every N, by name: 1/N to N/N")
    batch.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> bool:
    """Reconstruct the sets; whether any failed. Raises `TttlrmError`."""
    if not args.sets.is_dir():
        raise errors.TttlrmError(
            "The folder {} does not exist.", args.sets, hint="Name one with a folder for each photo set.", code=errors.Code.USAGE
        )
    out, (place, shares) = args.out.resolve(), args.share
    sets, unnamed = _sets(args.sets.resolve(), out)
    everything = [Task(photos, out / photos.name) for photos in sets]
    mine = [Task(photos, out / photos.name) for photos in _named(sets, args.only)[place - 1 :: shares]]
    try:
        return batch.run(mine, args, dict.fromkeys(unnamed if place == 1 and not args.only else [], NO_TEXT))
    finally:
        overview.write(out, everything)


def _sets(folder: Path, out: Path) -> tuple[list[Path], list[str]]:
    """The photo sets, and the names of those that cannot be written to any file: they are no text, but bytes."""
    found = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".") and path != out)
    unnamed = [path for path in found if not _is_text(path.name)]
    return [path for path in found if path not in unnamed], [_legible(path.name) for path in unnamed]


def _is_text(name: str) -> bool:
    return _legible(name) == name


def _legible(name: str) -> str:
    """A name with a mark in the place of each byte that is no text."""
    return os.fsencode(name).decode("utf-8", "replace")


def _named(sets: list[Path], names: list[str] | None) -> list[Path]:
    """Those of some names, or all. Raises `TttlrmError` for a name that none has."""
    if names is None:
        return sets
    missing = set(names) - {path.name for path in sets}
    if missing:
        there = ", ".join(path.name for path in sets) or "none"
        raise errors.TttlrmError(
            "There is no photo set named {}.",
            ", ".join(sorted(missing)),
            hint=errors.text("There are: {}.", there),
            code=errors.Code.USAGE,
        )
    return [path for path in sets if path.name in names]


def _share(text: str) -> tuple[int, int]:
    place, _, shares = text.partition("/")
    if not (place.isdecimal() and shares.isdecimal() and 1 <= int(place) <= int(shares)):
        raise ArgumentTypeError(f"a share is I/N with I from 1 to N, such as 2/8; got {text}")
    return int(place), int(shares)
