# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of job is to the server, which knows nothing of what jobs do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..progress import Report


@dataclass(frozen=True)
class JobResult:
    """What a finished job hands over: JSON values, and arrays by name."""

    info: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class JobKind:
    """The settings a job takes, and the function that does it: (scene, settings, report) → result."""

    settings: type
    run: Callable[[Any, Any, Report], JobResult]
    interactive: bool = False  # somebody sits and waits for it: goes before jobs that are not
