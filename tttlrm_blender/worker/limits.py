# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits on what clients may request of a worker."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on what clients may request; beyond one, requests fail with an error that mentions it. See docs/worker.md."""

    connections: int = 64  # greeted, and as many again that are not yet
    greeting_seconds: float = 10.0  # time for a connection to send its greeting
    uploads: int = 8  # concurrent files of one connection
    unread_events: int = 1000  # of one connection; beyond it, the worker reads no more requests until the client reads events
    unread_bytes: int = 1 << 30  # of results of one connection; further results are not sent
    sessions: int = 1000  # scenes; at this number, the least recently used are deleted when a job ends
    name: int = 1000  # characters of a scene's name
    jobs: int = 256  # waiting jobs of all scenes
    session_jobs: int = 64  # waiting jobs of one scene
    file_bytes: int = 4 << 30
    session_bytes: int = 32 << 30
    total_bytes: int = 64 << 30  # of all scenes on disk; beyond it, the least recently used are deleted
    files: int = 20_000  # of one scene
    depth: int = 8  # of nested folders, including the file
    idle_seconds: float = 600.0  # time without jobs after which data that is also on disk is freed from memory


def limit(text: str) -> tuple[str, float]:
    """Parse a limit from the command line, such as "jobs=100". Raises `ArgumentTypeError`."""
    name, _, value = text.partition("=")
    kinds = {name: type(value) for name, value in asdict(Limits()).items()}
    if name not in kinds:
        raise ArgumentTypeError(f"there is no limit {name!r}; choose from {', '.join(kinds)}")
    try:
        number = kinds[name](value)
    except ValueError:
        raise ArgumentTypeError(f"the limit {name} cannot be {value!r}") from None
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"the limit {name} must be more than 0")
    return name, number
