# SPDX-License-Identifier: GPL-3.0-or-later
"""Run other programs, read their output line by line, and stop them."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..errors import Cancelled

# Variables that would redirect Python or pip to other environments.
ASTRAY = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "__PYVENV_LAUNCHER__")
SWITCHES = ("PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONNOUSERSITE", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT")


def environment(offline: bool = False) -> dict[str, str]:
    """This process's environment variables for an independent Python; offline, pip's configured indexes are ignored."""
    kept = {name: value for name, value in os.environ.items() if name not in ASTRAY}
    if offline:
        kept = {name: value for name, value in kept.items() if not name.startswith("PIP_")} | {"PIP_CONFIG_FILE": os.devnull}
    return kept | dict.fromkeys(SWITCHES, "1")


def hidden() -> dict[str, Any]:
    """Arguments that keep a program from opening a console window on Windows."""
    return {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}


class Runner:
    """Runs commands one after another, until stopped from another thread."""

    def __init__(self, offline: bool = False) -> None:
        self._environment = environment(offline)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self, command: Sequence[str], take: Callable[[str], None]) -> int:
        """Run a command, passing each line of output to `take`; returns the exit status. Raises `Cancelled` once stopped."""
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
        """Kill the running command and its children, and run no others."""
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
        with suppress(ProcessLookupError):  # it has already ended
            os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, **hidden())
