# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment variables of child processes, without those that the user set for another Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]  # folder from which the engine can be imported
# Where this Python finds its packages, which children of the same Python need too.
PLACES = ("PYTHONHOME", "PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONUSERBASE", "PYTHONNOUSERSITE")
# No modules from the current folder, and UTF-8 on every system.
SWITCHES = {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}


def child_environment(*folders: Path, python: str | Path = "") -> dict[str, str]:
    """This process's environment variables, for a Python that can also import from `folders`.

    PYTHON… variables are dropped: PYTHONINSPECT keeps a child from ending, PYTHONWARNINGS turns warnings into failures,
    PYTHONPATH brings packages of another version. If `python` is this process's interpreter, those in `PLACES` stay.
    """
    same = str(python) == sys.executable and not sys.flags.ignore_environment  # Blender's own Python ignores them
    kept = {name: value for name, value in os.environ.items() if not _stray(name) or (same and name in PLACES)}
    paths = [*map(str, folders), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | SWITCHES | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})


def drop_stray_variables() -> None:
    """Drop the same variables from this process's own environment, which children of `multiprocessing` inherit."""
    for name in list(os.environ):
        if _stray(name) and name not in PLACES:
            del os.environ[name]


def without_window() -> dict[str, Any]:
    """Arguments for `subprocess` that keep a program from opening a console window on Windows."""
    return {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}


def _stray(name: str) -> bool:
    return name.startswith("PYTHON") or name == "__PYVENV_LAUNCHER__"
