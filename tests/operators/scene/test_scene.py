# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of this folder that need bpy, each file in a process of its own."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.operators.apart import run_apart

if find_spec("bpy") is None:
    pytest.skip("the bpy module is not installed", allow_module_level=True)

FILES = sorted(Path(__file__).parent.glob("inside_*.py"))


@pytest.mark.blender
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_inside_blender(file: Path) -> None:
    run_apart(file)
