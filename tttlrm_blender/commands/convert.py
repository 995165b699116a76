# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn many photo sets, each a subfolder, into Blender files, refined splats and meshes, with a table and a contact sheet.

Runs `convert` of the Blender extension: in the Blender given by --blender, in the one on the PATH, or in this Python if it
has the bpy module. Options are passed on; tttlrm convert -- --help lists them.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import signal
import subprocess
import sys

from ..child_process import ROOT, child_environment
from ..errors import Code, TttlrmError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("--blender", metavar="FILE", help="the Blender to use, with the tttLRM extension installed")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="SETS --out DIR …", help="arguments passed on")


def run(args: argparse.Namespace) -> int:
    """Run the batch in Blender; returns its exit status."""
    passed = [argument for argument in args.arguments if argument != "--"]
    program = command(args.blender)
    before = signal.signal(signal.SIGINT, lambda *_: None)  # the batch hears Ctrl+C too, and takes its time to write splats
    try:
        return subprocess.run([*program, *passed], env=child_environment(ROOT, python=program[0]), check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def command(blender: str | None) -> list[str]:
    """The start of the command line that runs the batch. Raises `TttlrmError` if there is no Blender."""
    module = importlib.util.find_spec("bpy") and (ROOT / "operators" / "headless" / "__main__.py").is_file()
    found = blender or (None if module else shutil.which("blender"))
    if found:
        return [found, "-b", "-c", "tttlrm", "convert"]
    if module:
        return [sys.executable, "-m", "operators.headless", "convert"]
    raise TttlrmError(
        "There is no Blender to write .blend files with.",
        hint="Give --blender FILE, or install the bpy module beside this command.",
        code=Code.NO_BLENDER,
    )
