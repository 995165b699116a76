# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary folders, and what happens to those of killed processes."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest

from tttlrm_blender import scratch
from tttlrm_blender.scratch import IN_USE, Scratch, sweep

ROOT = Path(__file__).resolve().parents[1]
OWNER = """
import sys
from pathlib import Path
from tttlrm_blender.scratch import Scratch
with Scratch(Path(sys.argv[1])) as folder:
    (folder / "log").write_text("secrets")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_there_for_the_block(tmp_path: Path) -> None:
    with Scratch(tmp_path) as folder:
        (folder / "file").write_text("x")
        assert folder.parent == tmp_path and (os.name != "posix" or folder.stat().st_mode & 0o077 == 0)
    assert not list(tmp_path.iterdir())


def test_the_usual_place_is_that_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Scratch() as folder:
        assert folder.parent == tmp_path


def test_the_next_one_removes_what_a_killed_process_left_and_nothing_else(tmp_path: Path) -> None:
    for name in ("tttlrm-foreign", "holiday"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout
        left = Path(owner.stdout.readline().strip())
        with Scratch(tmp_path) as mine:
            sweep(tmp_path)
            assert (left / "log").exists() and mine.exists()
        owner.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        owner.wait(60)
        assert left.exists()
    with Scratch(tmp_path):
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["holiday", "tttlrm-foreign"]


def test_a_folder_that_is_just_being_made_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = scratch._lock

    def after_a_sweep(file: IO[bytes], wait: bool = False) -> None:
        if wait:
            sweep(tmp_path)
        lock(file, wait)

    monkeypatch.setattr(scratch, "_lock", after_a_sweep)
    with Scratch(tmp_path) as folder:
        assert folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / IN_USE).touch()
    (tmp_path / "place").mkdir()
    (tmp_path / "place/tttlrm-link").symlink_to(tmp_path / "precious")
    sweep(tmp_path / "place")
    assert (tmp_path / "precious" / IN_USE).exists()
