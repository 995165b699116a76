# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `tttlrm doctor` in the worker's Python, in the background."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..child_process import ROOT, child_environment
from ..client import Job
from ..errors import Code, TttlrmError, text
from ..protocol.messages import Cancelled, Done, Event, Failed, Progress
from ..stages import Stage
from .process import Runner

DOCTOR = "import sys; from tttlrm_blender.commands import main; sys.exit(main(['doctor']))"
FIRST = "tttLRM "  # start of the report
LAST = "self-test "  # start of its last line
USUAL = 16  # number of lines of the report, about


@dataclass(frozen=True)
class CheckupResult:
    """The doctor's report."""

    lines: list[str]
    well: bool


class Checkup(Job[CheckupResult]):
    """Runs the doctor in a Python. Ends with `Done`, with `Failed` if it cannot run there, or with `Cancelled`."""

    def __init__(self, python: str | Path) -> None:
        super().__init__(lambda _: self._runner.stop(), CheckupResult)
        self._python, self._runner, self._lines = python, Runner(), list[str]()
        threading.Thread(target=lambda: self.put(self._outcome()), name="tttLRM checkup", daemon=True).start()

    def _outcome(self) -> Event:
        try:
            variables = child_environment(ROOT, python=self._python) | {"PYTHONUNBUFFERED": "1"}  # as `launch_worker` does
            status = self._runner.run([str(self._python), "-c", DOCTOR], self._take, variables)
        except errors.Cancelled:
            return Cancelled()
        except OSError as error:
            return self._failure(error)
        pages = [number for number, line in enumerate(self._lines) if line.startswith(FIRST)]
        if not pages or not any(line.startswith(LAST) for line in self._lines):
            return self._failure(self._lines[-1] if self._lines else text("exit code {}", status))
        return Done.of(CheckupResult(self._lines[pages[0] :], status == 0))

    def _take(self, line: str) -> None:
        self._lines.append(line)
        self.put(Progress(Stage.CHECK, min(len(self._lines) / USUAL, 0.9)))

    def _failure(self, reason: object) -> Failed:
        hint = "Press Install the Engine in the sidebar or the add-on's preferences, or choose a Python there that has it."
        return Failed.of(TttlrmError("{} cannot run the worker: {}.", self._python, reason, hint=hint, code=Code.NO_WORKER))
