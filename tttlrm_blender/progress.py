# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress, previews, notes and cancellation of long-running work."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from .errors import Cancelled, Text
from .gaussians.gaussians import Gaussians
from .stages import Stage

Listen = Callable[[], None]  # called often during long work; raises to stop it


def unheard() -> None:
    """Do nothing: the `Listen` of work that is never stopped."""


class Report:
    """Progress of one job. This class is silent; front ends override `progress`, `note` and, to show previews, `preview`."""

    watched = False  # whether previews are shown; if not, none need to be made

    def __init__(self) -> None:
        self._stop = threading.Event()

    def __call__(self, stage: Stage, fraction: float) -> None:
        """Report how much of a stage is done, 0 to 1. Raises `Cancelled` once `cancel` has been called."""
        if self._stop.is_set():
            raise Cancelled
        self.progress(stage, min(max(fraction, 0.0), 1.0))

    def cancel(self) -> None:
        """Ask the job to stop at its next report; may be called from any thread."""
        self._stop.set()

    def progress(self, stage: Stage, fraction: float) -> None:
        """Called with every report."""

    def preview(self, make: Callable[[], Gaussians[np.ndarray]]) -> None:
        """Called when intermediate splats (numpy) could be shown; `make` makes them."""

    def note(self, text: Text) -> None:
        """Called with notes for the user about things that do not stop the job, such as a photo that was left out."""
