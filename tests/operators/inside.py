# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.operators.inside ARGUMENTS: pytest in a process with bpy, which tells `apart.py` what it finds and reports."""

import faulthandler
import os
import pickle
import signal
import sys
from pathlib import Path

import pytest

OBEYED = {"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail"}  # marks that matter here only


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


def main() -> None:
    """The program. The module of Blender 4.2 may crash when Python takes it down, and its status would be that of the crash."""
    if hasattr(faulthandler, "register"):  # who is stopped says what it was at
        faulthandler.register(signal.SIGTERM, os.dup(2), chain=True)
    status = pytest.main(["-p", "no:cacheprovider", "-p", "no:timeout", *sys.argv[1:]], plugins=[Teller()])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
