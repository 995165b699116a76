# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of stages."""

from pathlib import Path

import pytest

from tttlrm_blender.stages import Stage

ROOT = Path(__file__).parents[1]
DEFINED, PHRASES = ROOT / "tttlrm_blender/stages.py", ROOT / "operators/jobs/stages.py"
SOURCES = [
    file for room in ("tttlrm_blender", "operators") for file in (ROOT / room).rglob("*.py") if file not in (DEFINED, PHRASES)
]


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_reported_by_something(stage):
    assert any(f"Stage.{stage.name}" in file.read_text("utf-8") for file in SOURCES)
