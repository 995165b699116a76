# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python for which the worker's packages can be installed."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..child_process import without_window
from ..errors import Code, TttlrmError
from .isolation import python_environment

VERSIONS: tuple[tuple[int, int], ...] = ((3, 11), (3, 12), (3, 13))  # PyTorch and all other packages have wheels for these
PATIENCE = 30.0  # seconds
PROBE = "import ensurepip, sys, venv; print(*sys.version_info[:2], sys.implementation.name, sys.maxsize > 2**32)"


@dataclass(frozen=True)
class Python:
    """An interpreter that can create virtual environments."""

    command: tuple[str, ...]
    version: tuple[int, int]


def candidates(system: str, own: str, versions: Iterable[tuple[int, int]] = VERSIONS) -> Iterator[tuple[str, ...]]:
    """Yield commands that may start a suitable Python, best first: this one, then the newest."""
    yield (own,)
    for major, minor in sorted(versions, reverse=True):
        if system == "Windows":
            yield ("py", f"-{major}.{minor}")
        yield (f"python{major}.{minor}",)
    yield ("python3",)
    yield ("python",)


def probe(command: tuple[str, ...]) -> Python | None:
    """Probe a command: the Python that it starts, or None unless that is a 64-bit CPython that can create environments."""
    try:
        probing, variables = [*command, "-c", PROBE], python_environment()
        run = subprocess.run(probing, capture_output=True, text=True, timeout=PATIENCE, env=variables, **without_window())
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = run.stdout.split()
    if run.returncode or words[2:] != ["cpython", "True"]:
        return None
    return Python(command, (int(words[0]), int(words[1])))


def find_python(own: str, versions: Iterable[tuple[int, int]] = VERSIONS) -> Python:
    """Find the best Python of one of these versions; `own` is the current one. Raises `TttlrmError` ("no_python")."""
    versions = tuple(versions)
    for command in candidates(platform.system(), own, versions):
        python = probe(command)
        if python and python.version in versions:
            return python
    named = ", ".join(f"{major}.{minor}" for major, minor in versions)
    raise TttlrmError(
        "There is no Python {} that can create virtual environments.",
        named,
        hint="Install one from python.org or your system's packages (on Debian and Ubuntu with python3-venv), and try again.",
        code=Code.NO_PYTHON,
    )


def versions_for(wheels: Path) -> tuple[tuple[int, int], ...]:
    """The Python versions of the PyTorch wheels in a folder. Raises `TttlrmError` ("no_wheels") if there are none."""
    fitting = tuple(
        (major, minor) for major, minor in VERSIONS if any(wheels.glob(f"torch-*-cp{major}{minor}-cp{major}{minor}-*.whl"))
    )
    if not fitting:
        raise TttlrmError(
            "The folder {} has no wheel of PyTorch for a supported Python.",
            wheels,
            hint="Choose the folder that `make wheelhouse` filled, on a machine like this one.",
            code=Code.NO_WHEELS,
        )
    return fitting
