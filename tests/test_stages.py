# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of stages."""

from pathlib import Path

import pytest

from tttlrm_blender.outlook.journey import SHARES
from tttlrm_blender.stages import PHRASES, Stage, Step

ROOT = Path(__file__).parents[1]
DEFINED = ROOT / "tttlrm_blender/stages.py"
SOURCES = [file for room in ("tttlrm_blender", "operators") for file in (ROOT / room).rglob("*.py") if file != DEFINED]


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_reported_by_something(stage):
    assert any(f"Stage.{stage.name}" in file.read_text("utf-8") for file in SOURCES)


def test_every_stage_has_a_phrase_and_every_step_stages():
    assert set(PHRASES) == set(Stage) and set(SHARES) == set(Step)


@pytest.mark.parametrize("step", Step)
def test_every_step_is_begun_by_something(step):
    assert any(f"begin(Step.{step.name}" in file.read_text("utf-8") for file in SOURCES)
