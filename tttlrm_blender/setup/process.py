# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs that are started, followed line by line, and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..errors import Cancelled

# What would lead Python or pip away from the environment that is being made.
ASTRAY = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "__PYVENV_LAUNCHER__")
SWITCHES = ("PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONNOUSERSITE", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT")


def environment(offline: bool = False) -> dict[str, str]:
    """This process's environment, for a Python of its own; offline, pip does not hear of the places it was configured with."""
    kept = {name: value for name, value in os.environ.items() if name not in ASTRAY}
    if offline:
        kept = {name: value for name, value in kept.items() if not name.startswith("PIP_")} | {"PIP_CONFIG_FILE": os.devnull}
    return kept | dict.fromkeys(SWITCHES, "1")


def hidden() -> dict[str, Any]:
    """Arguments that keep a started program from opening a console on Windows."""
    return {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}


class Runner:
    """Runs commands one after another, until it is stopped from another thread."""

    def __init__(self, offline: bool = False) -> None:
        self._environment = environment(offline)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self, command: Sequence[str], take: Callable[[str], None]) -> int:
        """Run a command, giving each line that it prints to `take`; its exit status. Raises `Cancelled` once stopped."""
        with self._lock:
            if self._stopped:
                raise Cancelled
            process = self._process = _start(command, self._environment)
        assert process.stdout
        with process:
            for line in process.stdout:
                take(line.rstrip())
        if self._stopped:
            raise Cancelled
        return process.returncode

    def stop(self) -> None:
        """End the running command, with all that it started, and run no other."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                _kill(self._process)


def _start(command: Sequence[str], variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=variables,
        start_new_session=os.name == "posix",
        **hidden(),
    )


def _kill(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it has ended just now
            os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, **hidden())
