# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs, read their output line by line, and stop them."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ..child_process import without_window
from ..errors import Cancelled
from .isolation import python_environment


class Runner:
    """Runs programs one after another, until stopped from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self, command: Sequence[str], take: Callable[[str], None], variables: Mapping[str, str] | None = None) -> int:
        """Run a command, passing each line of output to `take`; returns the exit status. Raises `Cancelled` once stopped.

        `variables` are its environment variables; the default is `python_environment`.
        """
        with self._lock:
            if self._stopped:
                raise Cancelled
            process = self._process = _start(command, variables or python_environment())
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


def _start(command: Sequence[str], variables: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=variables,
        start_new_session=os.name == "posix",
        **without_window(),
    )


def _kill(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it has already ended
            os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, **without_window())
