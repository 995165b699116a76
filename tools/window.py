# SPDX-License-Identifier: GPL-3.0-or-later
"""Run scripts in a Blender with a window, a separate home folder, and the extension at hand."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tools.build_extension import ROOT, build, fetch_wheels

SCRIPTS = ROOT / "tools" / "inside"
NO_SPLASH = """
import bpy
def register():
    bpy.context.preferences.view.show_splash = False
"""


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names Blender."""
    parser.add_argument("--blender", required=True, help='command that starts Blender in a window, such as "xvfb-run -a blender"')


def run(blender: str, script: Path, plan: dict[str, Any]) -> int:
    """Run a script, which reads its plan from a file; return Blender's exit status."""
    fetch_wheels()
    with tempfile.TemporaryDirectory() as folder:
        home, file = Path(folder, "home"), Path(folder, "plan.json")
        startup = home / "scripts" / "startup"
        startup.mkdir(parents=True)
        (startup / "no_splash.py").write_text(NO_SPLASH)
        file.write_text(json.dumps(plan | {"extension": str(build(ROOT / "dist"))}))
        command = [*shlex.split(blender), "--python", str(script), "--", str(file)]
        return subprocess.run(command, env=os.environ | {"BLENDER_USER_RESOURCES": str(home)}, cwd=ROOT, check=False).returncode


def empty(folder: Path) -> Path:
    """Empty a folder, or create it; return it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
