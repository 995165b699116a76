# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions that are written in two files, because no file can read the other, are the same in both."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_commits_are_checked_by_the_ruff_of_the_tests():
    (wanted,) = re.findall(r'"ruff==([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    (hook,) = re.findall(r"ruff-pre-commit\n +rev: v([\d.]+)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert wanted == hook
