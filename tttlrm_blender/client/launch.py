# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch a worker as a process that ends with its parent."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO

from ..child_process import ROOT, child_environment, without_window
from ..errors import Code, Text, TttlrmError, text
from ..scratch import Scratch
from .connection import Client

PROGRAM = ("-m", "tttlrm_blender.worker")
LAST_LINES = 8  # lines of the log that are shown when a worker dies
START_SECONDS = 120.0  # timeout for a worker to start; torch is slow to load from a cold disk
PATIENCE = 10.0  # seconds for a worker to end before it is killed
APART = {"start_new_session": True} if os.name == "posix" else {}  # for a process that does not end with its starter's terminal


class WorkerProcess:
    """A worker process, with its address and token. Ends with `stop`, or when this process ends."""

    def __init__(
        self,
        command: list[str],
        log_path: Path,
        folder: Path,  # in which the process begins
        scratch: Scratch | None = None,  # removed by `stop`
        apart: bool = False,  # whether the process outlives this one
    ) -> None:
        """Does not start the process yet."""
        self.token, self.log_path = secrets.token_urlsafe(32), log_path
        self.host, self.port = "127.0.0.1", 0
        self._command, self._folder, self._scratch, self._apart = command, folder, scratch, apart
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self.process is not None and self.process.poll() is None

    def start(self, timeout: float = START_SECONDS) -> None:
        """Start or restart the process and wait until it listens. Its scenes survive restarts. Raises `TttlrmError`."""
        self._end()
        self.process = _started(self._command, self.token, self.log_path, self._folder, self._apart)
        try:
            self._await_ready(timeout)
        except BaseException:
            self.process.kill()
            raise

    def connect(self, timeout: float = 10.0) -> Client:
        """Connect to the worker. If it dies, the connection's errors include the end of its log."""
        if not self.alive:
            raise self._death("The worker stopped unexpectedly (exit code {}).")
        return Client(self.host, self.port, self.token, timeout, why_lost=self.why_lost)

    def stop(self) -> None:
        """End the worker, canceling a running job, and delete its temporary files."""
        self._end()
        if self._scratch:
            self._scratch.remove()

    def _end(self) -> None:
        if self.process is None:
            return
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()  # asks the worker to end
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            if not self._apart:  # else another process may have begun to use it
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def _await_ready(self, timeout: float) -> None:
        """Wait for the line with the address. Raises `TttlrmError` if the process ends first or takes too long."""
        assert self.process and self.process.stdout
        output, found = self.process.stdout, list[tuple[str, int]]()
        reader = threading.Thread(target=lambda: found.extend(islice(_addresses(output), 1)), daemon=True)
        reader.start()
        reader.join(timeout)
        if found:
            self.host, self.port = found[0]
        elif reader.is_alive():
            raise self._failure("The worker did not start within {:.0f} seconds.", timeout)
        else:
            raise self._death("The worker stopped unexpectedly while starting (exit code {}).")

    def why_lost(self) -> TttlrmError | None:
        """Why connections are lost: the end of the log, if the process has ended."""
        assert self.process
        try:
            self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            return None
        return self._death("The worker stopped unexpectedly (exit code {}).")

    def _death(self, template: str) -> TttlrmError:
        assert self.process
        try:
            code: int | Text = self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            code = text("unknown")
        return self._failure(template, code)

    def _failure(self, template: str, *values: object) -> TttlrmError:
        try:
            lines = self.log_path.read_text("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        tail = "\n".join(lines[-LAST_LINES:])
        hint = text("Its log {} ends with:\n{}", self.log_path, tail) if tail else ""
        return TttlrmError(template, *values, hint=hint, code=Code.WORKER_DIED)


def launch_worker(
    python: str | Path | None = None,
    log_path: str | Path | None = None,
    timeout: float = START_SECONDS,
    program: tuple[str, ...] = PROGRAM,
    scenes: str | Path | None = None,
) -> WorkerProcess:
    """Start a worker and wait until it listens.

    `python` is an interpreter that has torch (default: this one); it imports the engine that this file belongs to. PYTHONPATH
    counts for this one only. `log_path` is overwritten; without it, the log is a temporary file that `stop` deletes. `scenes`
    is the folder where scenes outlive the worker; without it, they last until `stop`. Raises `TttlrmError`.
    """
    try:
        folder = Scratch()
        log = Path(log_path or folder.path / "worker.log").absolute()
        log.unlink(missing_ok=True)
    except OSError as error:
        hint = "Free some disk space, or check that this place can be written to."
        raise unstartable(error, text("the folder for temporary files"), hint) from error
    kept = Path(scenes or folder.path / "scenes").absolute()
    command = [str(python or sys.executable), *program, "--owned", "--folder", str(kept), "--log", str(log)]
    worker = WorkerProcess(command, log, folder.path, folder)
    try:
        worker.start(timeout)
    except BaseException:
        worker.stop()
        raise
    return worker


def _started(command: list[str], token: str, log: Path, folder: Path, apart: bool) -> subprocess.Popen[bytes]:
    try:
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stderr:  # for its user only
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=folder,
                env=_environment(command[0], token),
                **(without_window() | (APART if apart else {})),
            )
    except OSError as error:
        raise unstartable(error, command[0], hint="Choose a Python that has PyTorch and the packages of tttLRM.") from error


def unstartable(error: OSError, place: str | Text, hint: str) -> TttlrmError:
    """The error for a worker without a place or a program; Windows does not name programs that it does not find."""
    named = error.filename or place
    return TttlrmError("The worker cannot be started: {}: {}.", named, error, hint=hint, code=Code.NO_WORKER)


def _addresses(output: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Yield the host and port that a worker prints; other lines, as libraries may print them, are passed over."""
    for line in output:
        with suppress(ValueError, TypeError, KeyError):
            ready = json.loads(line)
            yield ready["host"], ready["port"]


def _environment(python: str, token: str) -> dict[str, str]:
    """The worker's environment variables, with the engine importable as `tttlrm_blender`, whatever its name is here."""
    return {
        "OMP_WAIT_POLICY": "passive",  # spinning threads slow down a busy machine tenfold
        **child_environment(ROOT, python=python),
        "TTTLRM_TOKEN": token,
    }
