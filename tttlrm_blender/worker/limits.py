# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of everything clients may ask of a worker."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on what clients may ask; what goes beyond one fails with an error that names it. See docs/worker.md."""

    connections: int = 64  # that have said hello, and as many again that have not yet
    greeting_seconds: float = 10.0  # until a connection has said hello
    uploads: int = 8  # files on their way at once, of one connection
    unread_events: int = 1000  # of one connection; with more the worker hears nothing from it until it reads some
    unread_bytes: int = 1 << 30  # of the results of one connection; what comes then is not handed over
    sessions: int = 1000  # scenes; those that were not used for longest are dropped when a job ends and there are as many
    name: int = 1000  # characters of a scene's name
    jobs: int = 256  # waiting, of all scenes
    session_jobs: int = 64  # waiting, of one scene
    file_bytes: int = 4 << 30
    session_bytes: int = 32 << 30
    total_bytes: int = 64 << 30  # on disk, of all scenes; those that were not used for longest are dropped beyond it
    files: int = 20_000  # of one scene
    depth: int = 8  # folders in folders, the file included
    idle_seconds: float = 600.0  # without a job, after which memory is freed of what is on disk too


def limit(text: str) -> tuple[str, float]:
    """A limit from the command line, as "jobs=100". Raises `ArgumentTypeError`."""
    name, _, value = text.partition("=")
    kinds = {name: type(value) for name, value in asdict(Limits()).items()}
    if name not in kinds:
        raise ArgumentTypeError(f"there is no limit {name!r}, but {', '.join(kinds)}")
    try:
        number = kinds[name](value)
    except ValueError:
        raise ArgumentTypeError(f"the limit {name} cannot be {value!r}") from None
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"the limit {name} must be more than 0")
    return name, number
