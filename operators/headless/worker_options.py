# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say which worker a command uses: one that is started for it, or one that is running already."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path

from ..engine import errors
from ..jobs import worker
from ..jobs.chosen_worker import Worker, chosen_worker


def add_arguments(parser: ArgumentParser, keep: bool = False) -> None:
    """Add the options that `use` reads; `keep` adds the one that `keeps` reads."""
    group = parser.add_argument_group("worker")
    which = group.add_mutually_exclusive_group()
    which.add_argument("--python", type=Path, metavar="FILE", help="start one with this Python (default: as in the preferences)")
    which.add_argument("--worker", type=_address, metavar="HOST:PORT", help="use one that is running, as tttlrm serve does")
    add = group.add_argument
    add("--token-file", type=Path, metavar="FILE", help="with the token of --worker (default: TTTLRM_TOKEN in the environment)")
    add("--fingerprint", default="", metavar="HEX", help="of the certificate of --worker, where it has TLS")
    add("--log", type=Path, metavar="FILE", help="keep the log of the worker that is started")
    add("--scenes", type=Path, metavar="DIR", help="folder in which the worker that is started keeps scenes, for decode")
    if keep:
        add("--keep-scenes", action="store_true", help="let a running worker keep the scenes, for decode")


def use(args: Namespace, kept: bool) -> None:
    """From here on all jobs go to the worker that the options name; `kept` says that it keeps scenes, or has kept them.

    Raises `TttlrmError`.
    """
    chosen = _running(args) if args.worker else _started(args, kept)
    if kept and chosen.launched and chosen.scenes is None:
        hint = "Name their folder with --scenes, or a running worker with --worker."
        raise errors.TttlrmError("A worker that is started for one command keeps no scenes.", hint=hint, code=errors.Code.USAGE)
    worker.instead = chosen


def keeps(args: Namespace) -> bool:
    """Whether the worker is to keep the scenes that are made."""
    return args.keep_scenes or args.scenes is not None


def _running(args: Namespace) -> Worker:
    host, port = args.worker
    token = os.environ.get("TTTLRM_TOKEN", "")
    if args.token_file:
        try:
            token = args.token_file.read_text(encoding="utf-8-sig").strip()
        except OSError as error:
            hint = "Name the file that the worker told of when it started."
            raise errors.TttlrmError(
                "{} cannot be read: {}.", args.token_file, error.strerror, hint=hint, code=errors.Code.NO_TOKEN
            ) from error
    if not token:
        hint = "Name its file with --token-file, or set TTTLRM_TOKEN."
        raise errors.TttlrmError("The token of the worker is not known.", hint=hint, code=errors.Code.USAGE)
    return Worker(host=host, port=port, token=token, fingerprint=args.fingerprint)


def _started(args: Namespace, kept: bool) -> Worker:
    """Without need for kept scenes a folder that goes with it: only one worker at a time may have that of the preferences."""
    chosen = chosen_worker()
    if args.python:
        chosen = Worker(python=args.python, scenes=chosen.scenes)
    scenes = args.scenes.absolute() if args.scenes else chosen.scenes if kept else None
    return replace(chosen, log=args.log.absolute() if args.log else None, scenes=scenes)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ArgumentTypeError(f"a worker's address is HOST:PORT, such as 127.0.0.1:7411; got {text}")
    return host.removeprefix("[").removesuffix("]"), int(port)
