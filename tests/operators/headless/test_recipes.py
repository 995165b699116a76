# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/headless.md shows: the script runs as it stands, and all commands are ones that there are."""

import re
import runpy
import shlex
from pathlib import Path

import bpy
import pytest

import operators
from operators.headless import command_line
from operators.jobs.chosen_worker import Worker
from tests.operators.photos import save_photo
from tests.operators.worker_python import WORKER_PYTHON

PAGE = Path(__file__).parents[3] / "docs" / "headless.md"
SHELL = "".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S))
COMMANDS = re.findall(r"blender -b -c tttlrm (\w+ .*?)(?: >.*| \|\|.*)?$", SHELL, re.M)


def test_the_script_reconstructs_decodes_renders_and_saves(tmp_path, monkeypatch):
    monkeypatch.setattr(operators.jobs.worker, "chosen_worker", lambda: Worker(python=Path(WORKER_PYTHON)))
    save_photo(tmp_path / "photos" / "1.png")
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    (tmp_path / "script.py").write_text(script)
    monkeypatch.setattr("sys.argv", ["blender", "--", str(tmp_path / "photos"), str(tmp_path / "out")])
    runpy.run_path(str(tmp_path / "script.py"))
    picture = bpy.data.images.load(str(tmp_path / "out" / "frame.png"))
    assert tuple(picture.size) == (96, 72)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "out" / "statue.blend"))
    (splats,) = (obj for obj in bpy.context.scene.objects if obj.type == "POINTCLOUD")
    assert len(splats.data.points) == 2000


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_read(command):
    plain = re.sub(r"\$\(.*?\)|\$\w+", "1", command)
    assert command_line.parser().parse_args(shlex.split(plain)).run


def test_the_page_shows_every_command_that_needs_explaining():
    assert {command.split()[0] for command in COMMANDS} >= {"reconstruct", "convert", "extend", "decode", "refine"}
