# SPDX-License-Identifier: GPL-3.0-or-later
"""The `tttlrm` command, one file per subcommand. Heavy libraries are imported when a subcommand runs, to keep --help fast."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys

from .. import __version__
from ..errors import Cancelled, TttlrmError
from . import bake, convert, doctor, evaluate, reconstruct, render, resave, serve, train

COMMANDS = (reconstruct, evaluate, render, bake, resave, convert, serve, doctor, train)

DRAWING = (reconstruct, evaluate, render, serve)  # which draw splats
DEVICE_HELP = "what draws splats; webgpu:NAME is an adapter by a part of its name (default: the best that `tttlrm doctor` tells)"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted."""
    args = parser().parse_args(argv)
    logging.getLogger(__name__.rpartition(".")[0]).addHandler(logging.NullHandler())  # sentences say it, without tracebacks
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads slow down a busy machine tenfold
    try:
        _choose_device(getattr(args, "drawing", None))
        return args.run(args)
    except TttlrmError as error:
        if getattr(args, "json", False):
            print(json.dumps({"error": {"code": error.code, "sentence": error.sentence, "hint": error.hint}}))
        print(f"tttlrm: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Cancelled):
        print("tttlrm: stopped; nothing was written.", file=sys.stderr)
        return 130


def _choose_device(name: str | None) -> None:
    """Draw by this device, here and in child processes."""
    if name is not None:
        from ..render.choice import choose

        choose(name)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(prog="tttlrm", description="Turn photos into Gaussian splats and textured meshes.")
    top.add_argument("--version", action="version", version=f"tttlrm {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        summary, _, description = (module.__doc__ or "").partition("\n")
        sub = commands.add_parser(name, help=summary.rstrip("."), description=f"{summary} {description.strip()}".strip())
        module.add_arguments(sub)
        if module in DRAWING:
            sub.add_argument("--device", dest="drawing", metavar="cpu|cuda|webgpu", help=DEVICE_HELP)
        sub.set_defaults(run=module.run)
    return top
