# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a worker that Blender and scripts connect to, until interrupted."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..worker.program import Ready


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    from ..worker.program import add_arguments as add

    add(parser)
    parser.add_argument("--log", type=Path, help="file for the log, rotated when it is full (default: standard error)")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from ..worker import logs
    from ..worker.program import Options, serve

    logs.set_up(args.log)
    named = {field.name: getattr(args, field.name) for field in fields(Options) if field.name in args}
    options = Options(**named)
    serve(options, _tell)
    return 0


def _tell(ready: Ready) -> None:
    token = f"with the token in {ready.token_file}" if ready.token_file else "with the token from TTTLRM_TOKEN"
    print(f"The worker listens on {ready.host}:{ready.port}, {token}. Ctrl+C stops it.", file=sys.stderr, flush=True)
    if ready.fingerprint:
        print(f"Its certificate has the fingerprint {ready.fingerprint}", file=sys.stderr, flush=True)
