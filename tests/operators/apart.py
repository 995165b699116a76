# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of this folder in processes with bpy, and reports each of them under its own name.

Torch, which other tests load, does not belong into a process with bpy. So the process that a person starts imports no tests from
here: a first process with bpy lists them, and then one for each room runs those that were selected. What pytest has to report in
there comes through a pipe, test by test, and is reported outside as if the test had run there. Tests are functions, not methods.

`TTTLRM_INSIDE=1 pytest --pdb tests/operators/...` runs tests in the process itself.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partialmethod
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import pytest

FOLDER = Path(__file__).parent
INSIDE = "TTTLRM_INSIDE"  # the environment of a process that may have bpy
OBEYED = {"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail"}  # marks that matter inside only


class Process:
    """A process with bpy that runs pytest, in a home of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-c", "from tests.operators.apart import inside; inside()", *arguments]
        self.home, self.log = TemporaryDirectory(ignore_cleanup_errors=True), TemporaryFile()  # noqa: SIM115
        home = os.environ | {"HOME": self.home.name, INSIDE: "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, cwd=FOLDER.parents[1], env=home)
        self.tests: dict[str, Test] = {}  # that it runs, by id
        self.ended = False

    def receive(self) -> tuple:
        """What it tells next. Raises `EOFError` with its last words where it has ended."""
        try:
            return pickle.load(self.process.stdout)
        except (EOFError, pickle.UnpicklingError):
            self.process.wait()
            self.log.seek(0)
            log = self.log.read().decode(errors="replace")[-8000:]
            raise EOFError(f"Blender's process ended with status {self.process.returncode}:\n{log}") from None

    def end(self) -> None:
        """Whatever it is at."""
        self.ended = True
        self.process.kill()
        self.process.wait()
        for each in (self.process.stdout.close, self.log.close, self.home.cleanup):
            each()


@cache
def listing() -> tuple[dict[Path, list[tuple]], dict[str, tuple[str, str]], str]:
    """What `Teller` tells of all files, and why it does not."""
    process = Process("--collect-only", str(FOLDER))
    try:
        return *process.receive(), ""
    except EOFError as error:
        return {}, {}, str(error)
    finally:
        process.end()


class File(pytest.File):
    """A file of tests."""

    def collect(self) -> Iterator["Test"]:
        """Those in the list; an error, or a skip of the whole, is what it was inside."""
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
        except EOFError as error:
            self.process.end()
            pytest.fail(str(error), pytrace=False)
        except BaseException:  # the test takes too long, or the person has no patience
            self.process.end()
            raise

    setup, runtest, teardown = partialmethod(wait, "setup"), partialmethod(wait, "call"), partialmethod(wait, "teardown")


class Teller:
    """Pytest's hooks inside: what is told outside."""

    def __init__(self) -> None:
        self.pipe, self.others = os.fdopen(os.dup(1), "wb"), {}
        os.dup2(2, 1)  # whatever else is printed goes into the log

    def tell(self, what: object) -> None:
        """Something that can be pickled."""
        pickle.dump(what, self.pipe)
        self.pipe.flush()

    def pytest_configure(self, config: pytest.Config) -> None:
        """To know it."""
        self.config = config

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Of files that are skipped, or cannot be collected."""
        if not report.passed:
            why = report.longrepr[2].removeprefix("Skipped: ") if report.skipped else report.longreprtext
            self.others[report.nodeid] = report.outcome, why

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The list, if it is asked for."""
        if session.config.option.collectonly:
            tests: dict[Path, list[tuple]] = {}
            for item in session.items:
                marks = [(mark.name, mark.args, mark.kwargs) for mark in item.iter_markers() if mark.name not in OBEYED]
                tests.setdefault(item.path, []).append((item.nodeid.partition("::")[2], item.location[1], marks))
            self.tell((tests, self.others))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of each part of a test."""
        self.tell(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))


def inside() -> None:
    """The program. The module of Blender 4.2 may crash when Python takes it down, and its status would be that of the crash."""
    status = pytest.main(["-p", "no:cacheprovider", "-p", "no:timeout", *sys.argv[1:]], plugins=[Teller()])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
