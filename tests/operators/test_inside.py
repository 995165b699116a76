# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the extension and runs the tests of this folder that need it installed, each file in a process and a home of its own."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.operators.apart import HOUSE, run_apart

if find_spec("bpy") is None:
    pytest.skip("the bpy module is not installed", allow_module_level=True)

FILES = sorted(Path(__file__).parent.glob("inside_*.py"))


@pytest.fixture(scope="session")
def extension() -> Path:
    """The zip that people install, checked by Blender."""
    run = subprocess.run([sys.executable, "-m", "tools.build_extension"], capture_output=True, text=True, cwd=HOUSE)
    assert run.returncode == 0, run.stdout + run.stderr
    return HOUSE / run.stdout.splitlines()[0]


@pytest.mark.blender
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_inside_blender(file: Path, extension: Path, tmp_path: Path) -> None:
    run_apart(file, HOME=str(tmp_path), TTTLRM_EXTENSION=str(extension))
