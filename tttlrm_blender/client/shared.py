# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker that all Blenders of a user share: the first one starts it, others join, and the last one that leaves ends it.

It keeps its folder of scenes locked. A process that finds it locked waits for the worker that has it to tell where it is.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from ..errors import Code, Text, TttlrmError, text
from ..shared_place import IN_USE, Place, find, withdraw
from .connection import Client
from .launch import PATIENCE, PROGRAM, START_SECONDS, WorkerProcess, unstartable

UNUSED_SECONDS = 30.0  # after which a worker ends by itself that no Blender has ended, for example because it has crashed
RETRY_SECONDS = 0.5  # for a worker that another Blender has started to say where it is
HEALTH_SECONDS = 0.5  # for a worker that was left to notice, with looks every
LOOK_SECONDS = 0.1
LARGEST_LOG = 4 << 20  # bytes; a longer log is begun anew
# What joining fails with where a place is out of date, and perhaps another program at its port.
GONE = {Code.NO_WORKER, Code.WRONG_TOKEN, Code.WORKER_LOST, Code.CLOSED, Code.BAD_MESSAGE}


class SharedWorker:
    """The shared worker of a folder of scenes."""

    def __init__(self, python: str | Path | None, log: Path | None, scenes: Path, program: tuple[str, ...] = PROGRAM) -> None:
        """For a worker that is yet to be started: `python` is one with torch (default: this one), `log` its log."""
        self.python, self.scenes = str(python or sys.executable), scenes.absolute()
        self.log_path = (log or scenes / "worker.log").absolute()
        self._program = program
        self._started: WorkerProcess | None = None  # if that was here
        self._joined: Place | None = None
        self.note: Text | None = None  # what a person should know about the worker that was joined last

    def connect(self, timeout: float = START_SECONDS) -> Client:
        """Connect to the worker, and start it if there is none. Raises `TttlrmError`."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            place = find(self.scenes)
            if place and (client := self._join(place)):
                return client
            self._start()
        raise TttlrmError(
            "Another worker is using the scenes in {}, but does not answer.",
            self.scenes,
            hint="Wait until it has ended, or restart the computer.",
            code=Code.FOLDER_IN_USE,
        )

    def stop(self) -> None:
        """End the worker, unless other clients use it; the own connection must be closed."""
        joined = self._joined
        if joined and joined == find(self.scenes) and _is_unused(joined):
            withdraw(self.scenes)  # asks it to end
            if self._started:
                self._started.stop()
        self._started = self._joined = None

    def _join(self, place: Place) -> Client | None:
        """Connect to a worker; None if it is gone."""
        here = self._started if self._started and self._started.alive else None
        try:
            client = Client(place.host, place.port, place.token, why_lost=here.why_lost if here else lambda: None)
        except TttlrmError as error:
            if error.code in GONE:
                return None
            if error.code == Code.VERSION_MISMATCH:
                hint = text("Close all other Blenders, then try again. {}", error)
                raise TttlrmError(
                    "The worker that all open Blenders share belongs to another version of tttLRM.", hint=hint, code=error.code
                ) from error
            raise
        self._joined = place
        self.note = None if _same(place.python, self.python) else _other_python(place.python, self.python)
        return client

    def _start(self) -> None:
        """Start a worker and wait until it listens, or has seen that another one has the folder. Raises `TttlrmError`."""
        try:
            self.scenes.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            hint = "Free some disk space, or check that this place can be written to."
            raise unstartable(error, str(self.scenes), hint) from error
        with suppress(OSError):  # there is none, or another worker still writes to it, and Windows keeps it for that
            if self.log_path.stat().st_size > LARGEST_LOG:
                self.log_path.unlink()
        options = ("--shared", str(UNUSED_SECONDS), "--folder", str(self.scenes), "--log", str(self.log_path))
        worker = WorkerProcess([self.python, *self._program, *options], self.log_path, self.scenes, apart=True)
        try:
            worker.start()
            self._started = worker
        except TttlrmError:
            if worker.process is None or worker.process.wait(PATIENCE) != IN_USE:
                raise
            time.sleep(RETRY_SECONDS)


def _is_unused(place: Place) -> bool:
    """Whether a worker has no clients, once it has noticed that one has left."""
    opener, until = build_opener(ProxyHandler({})), time.monotonic() + HEALTH_SECONDS
    while True:
        try:
            with opener.open(f"http://{place.host}:{place.port}/health", timeout=HEALTH_SECONDS) as answer:
                if json.load(answer)["connections"] == 0:
                    return True
        except (OSError, ValueError, KeyError, TypeError):  # it is gone, or something else is there
            return False
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)


def _same(one: str, other: str) -> bool:
    """Whether two interpreters are those of one environment, which may have several names there."""
    return Path(one).parent.resolve() == Path(other).parent.resolve()


def _other_python(there: str, here: str) -> Text:
    return text(
        "The worker that all open Blenders share runs in a different Python from the one set here: {}, not {}. "
        "Close the other Blenders to use the latter.",
        there,
        here,
    )
