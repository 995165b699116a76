# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photo sets without a window: `blender -b -c tttlrm …`, or `python -m operators.command_line …` with the bpy module."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import worker
from .batch import Batch
from .engine import errors, options
from .interface.preferences import Worker, chosen_worker

SUCCESS, FAILURE, USAGE = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Do what the arguments say; gives the exit status: 0 for success, 1 if something failed, 2 for wrong arguments."""
    parser = _parser()
    try:
        args = parser.parse_args(arguments)
        if not args.sets.is_dir():
            parser.error(f"the folder {args.sets} does not exist")
    except SystemExit as stop:  # argparse has said why
        return int(stop.code or SUCCESS)
    try:
        return convert(args)
    except errors.TttlrmError as error:
        print(f"tttlrm: {error}", file=sys.stderr)
        return FAILURE


def convert(args: argparse.Namespace) -> int:
    """Reconstruct every photo set that is not finished; a broken one does not stop the others.

    Raises `TttlrmError` when the folder for the results cannot be made.
    """
    out = args.out.resolve()
    chosen = replace(Worker(python=args.python) if args.python else chosen_worker(), log=out / "worker.log")
    batch = Batch(args.sets.resolve(), out, options.reconstruct_settings(args), chosen, _printer())
    try:
        tally = batch.run()
    finally:
        worker.link.close()
    print(f"{len(tally.converted)} converted, {len(tally.skipped)} finished before, {len(tally.failed)} failed.")
    if args.json:
        print(json.dumps(vars(tally), ensure_ascii=False), flush=True)
    return FAILURE if tally.failed else SUCCESS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tttlrm", description="Photos into Gaussian splats and meshes.")
    command = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "convert",
        help="reconstruct many photo sets",
        description="For every folder of photos in SETS, make DIR/<set>/ with <set>.blend, splats.ply, mesh.glb, preview.png "
        "and report.json. Sets that are finished are skipped, so an interrupted batch is resumed by the same command.",
    )
    command.add_argument("sets", type=Path, metavar="SETS", help="folder whose subfolders are photo sets")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    command.add_argument("--python", type=Path, metavar="FILE", help="Python of the worker (default: as in the preferences)")
    command.add_argument("--json", action="store_true", help="print the outcome as one JSON object at the end")
    options.add_reconstruct_options(command, mesh=True)
    return parser


def _printer() -> Callable[[str, str], None]:
    """Prints what happens to a set, a line for each change."""
    last = ("", "")

    def say(name: str, what: str) -> None:
        nonlocal last
        if (name, what) != last:
            last = name, what
            print(f"{name}: {what}", flush=True)

    return say


if __name__ == "__main__":
    from . import register

    register()
    sys.exit(main(sys.argv[1:]))
