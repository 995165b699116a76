# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of jobs as the server knows them, independent of what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..progress import Report
from ..protocol.kinds import Kind


@dataclass(frozen=True)
class JobKind:
    """A kind of job with its settings and result, as both sides know it, and the function that does it."""

    kind: Kind[Any, Any]
    run: Callable[[Any, Any, Report], Any]  # (scene, settings, report) → result
    interactive: bool = False  # a user waits for it, so it runs before jobs that are not


def by_name(*jobs: JobKind) -> dict[str, JobKind]:
    """Jobs by the names that clients use."""
    return {job.kind.name: job for job in jobs}
