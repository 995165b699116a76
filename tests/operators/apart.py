# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tests that need bpy in a process of their own: torch, which others load, does not belong into one with it."""

import os
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
# The module of Blender 4.2 may crash when Python takes it down, and the exit status would be that of the crash.
PROGRAM = """
import os, sys, pytest
status = pytest.main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
"""


def run_apart(file: Path, **environment: str) -> None:
    """Run a file of tests; its failures are one of the caller's."""
    command = [sys.executable, "-c", PROGRAM, "-q", "-p", "no:cacheprovider", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=HOUSE, env=os.environ | environment)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
