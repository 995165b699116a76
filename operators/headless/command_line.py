# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `blender -b -c tttlrm …`, or `python -m operators.headless …` with the bpy module."""

from __future__ import annotations

import argparse
import signal
import sys

from ..engine import errors
from ..jobs import worker
from . import bake, convert, exchange, reconstruct, scene_jobs

COMMANDS = (reconstruct, convert, scene_jobs, bake, exchange)
SUCCESS, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str]) -> int:
    """Do what the arguments say; gives the exit status: 0 done, 1 something failed, 2 wrong arguments, 130 interrupted."""
    try:
        args = parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has said why
        return int(stop.code or SUCCESS)
    try:
        return FAILURE if args.run(args) else SUCCESS
    except errors.TttlrmError as error:
        print(f"tttlrm: {error}", file=sys.stderr)
        return USAGE if error.code == errors.Code.USAGE else FAILURE
    except KeyboardInterrupt:
        print("tttlrm: stopped; what was finished before is kept.", file=sys.stderr)
        return INTERRUPTED
    finally:
        _leave_worker()


def _leave_worker() -> None:
    """End a worker that was started here, within ten seconds, whether or not Ctrl+C is pressed again."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not that of Blender
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        worker.link.close()
    finally:
        worker.instead = None
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, before)


def parser() -> argparse.ArgumentParser:
    """The whole command line. The operators are registered: their properties are the options of some commands."""
    top = argparse.ArgumentParser("tttlrm", description="Photos into Gaussian splats and meshes.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_commands(commands)
    return top
