# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of this folder in processes with bpy, and reports each of them under its own name.

Torch, which other tests load, does not belong into a process with bpy. So the process that a person starts imports no tests from
here: a first process with bpy lists them, and then one for each room runs those that were selected. What pytest reports in there
(`inside.py`) comes through a pipe, test by test, and is reported outside as if the test had run there. Tests are functions, not
methods. `TTTLRM_INSIDE=1 pytest --pdb tests/operators/...` runs them in the process itself.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partialmethod
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import pytest

FOLDER = Path(__file__).parent
INSIDE = "TTTLRM_INSIDE"  # the environment of a process that may have bpy


class Process:
    """A process with bpy that runs pytest, in a home of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.operators.inside", *arguments]
        self.home, self.log = TemporaryDirectory(ignore_cleanup_errors=True), TemporaryFile()  # noqa: SIM115
        home = os.environ | {"HOME": self.home.name, INSIDE: "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, cwd=FOLDER.parents[1], env=home)
        self.tests: dict[str, Test] = {}  # that it runs, by id
        self.ended = False

    def receive(self) -> tuple:
        """What it tells next. Raises `EOFError` where it has ended."""
        try:
            return pickle.load(self.process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise EOFError("The test did not end.") from None

    def end(self) -> str:
        """Whatever it is at. The last that it wrote, which tells where it crashed or was stopped."""
        if self.ended:
            return ""
        self.ended = True
        with suppress(subprocess.TimeoutExpired):  # what has crashed is about to end
            self.process.wait(1)
        self.process.terminate()
        self.process.wait()
        self.log.seek(0)
        log = self.log.read().decode(errors="replace")[-8000:]
        for close in (self.process.stdout.close, self.log.close, self.home.cleanup):
            close()
        return f"Blender's process ended with status {self.process.returncode}:\n{log}"


@cache
def listing() -> tuple[dict[Path, list[tuple]], dict[str, tuple[str, str]], str]:
    """What `Teller` tells of all files, and why it does not."""
    process = Process("--collect-only", str(FOLDER))
    try:
        found = process.receive()
    except EOFError:
        return {}, {}, process.end()
    process.end()
    return *found, ""


class File(pytest.File):
    """A file of tests."""

    def collect(self) -> Iterator["Test"]:
        """Those in the list; or what the file was inside: skipped as a whole, or not to be collected."""
        if find_spec("bpy") is None:
            pytest.skip("the bpy module is not installed", allow_module_level=True)
        tests, others, failure = listing()
        outcome, why = others.get(self.nodeid, ("failed", failure))
        if outcome == "skipped":
            pytest.skip(why, allow_module_level=True)
        if why:
            raise self.CollectError(why)
        for name, line, marks in tests.get(self.path, []):
            yield Test.from_parent(self, name=name, line=line, marks=marks)


class Test(pytest.Item):
    """A test that runs inside."""

    def __init__(self, *, line: int, marks: list[tuple[str, tuple, dict]], **node) -> None:
        super().__init__(**node)
        self.line, self.room = line, self.path.relative_to(FOLDER).parts[0]
        self.reports: dict[str, pytest.TestReport] = {}  # of setup, call and teardown
        self.process: Process | None = None
        for name, values, named in [("blender", (), {}), *marks]:
            self.add_marker(getattr(pytest.mark, name).with_args(*values, **named))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, self.line, self.name

    def start(self) -> None:
        """Start a process for this test and those after it that are in the same room."""
        items, option = self.session.items, self.config.option
        room = list(takewhile(lambda item: getattr(item, "room", None) == self.room, items[items.index(self) :]))
        look = [f"--tb={option.tbstyle}", f"--verbosity={option.verbose}", *["--showlocals"] * option.showlocals]
        process = Process(*look, *(item.nodeid for item in room))
        self.config.add_cleanup(process.end)
        for item in room:
            item.process, process.tests[item.nodeid] = process, item

    def wait(self, when: str) -> None:
        """Until a part of the test is over. If its process crashes in that, the next test starts another."""
        if when == "setup" and (not self.process or self.process.ended):
            self.start()
        try:
            while when not in self.reports and not self.process.ended:
                report = self.config.hook.pytest_report_from_serializable(config=self.config, data=self.process.receive())
                self.process.tests[report.nodeid].reports[report.when] = report
        except (EOFError, pytest.fail.Exception) as error:  # it has crashed, or pytest-timeout has no more patience
            raise pytest.fail.Exception(f"{error}\n{self.process.end()}", pytrace=False) from None

    setup, runtest, teardown = partialmethod(wait, "setup"), partialmethod(wait, "call"), partialmethod(wait, "teardown")
