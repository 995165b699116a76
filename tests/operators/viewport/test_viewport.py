# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of this folder that need bpy, each file in a process of its own.

Other tests load torch, which does not belong into one process with bpy.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("bpy") is None:
    pytest.skip("the bpy module is not installed", allow_module_level=True)

FILES = sorted(Path(__file__).parent.glob("inside_*.py"))


@pytest.mark.blender
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_inside_blender(file: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
