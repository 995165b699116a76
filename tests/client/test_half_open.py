# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that fail silently, for a while or forever; only on Linux, where processes can have private networks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN_NETWORK = ["unshare", "--map-root-user", "--net"]


def own_network() -> bool:
    """Whether this user can create private networks."""
    return bool(shutil.which("unshare")) and not subprocess.run([*OWN_NETWORK, "true"], capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.skipif(not own_network(), reason="needs a network of its own")
@pytest.mark.parametrize(
    ("what", "told"), [("returns", ["gave 1 True", "then 2"]), ("stays away", ["gave worker_lost", "then 2"])]
)
def test_a_network_that_fails(tmp_path, what, told):
    command = [*OWN_NETWORK, sys.executable, str(Path(__file__).with_name("half_open.py")), what, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.stdout.splitlines() == told, ended.stderr
