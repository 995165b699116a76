# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of job is to the server, which knows nothing of what jobs do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..progress import Report
from ..protocol.kinds import Kind


@dataclass(frozen=True)
class JobKind:
    """What both sides know of a kind of job, with its settings and result, and the function that does it."""

    kind: Kind[Any, Any]
    run: Callable[[Any, Any, Report], Any]  # (scene, settings, report) → result
    interactive: bool = False  # somebody sits and waits for it: goes before jobs that are not


def by_name(*jobs: JobKind) -> dict[str, JobKind]:
    """Jobs by the names that clients ask for them by."""
    return {job.kind.name: job for job in jobs}
