# SPDX-License-Identifier: GPL-3.0-or-later
"""How long-running work tells what it is doing, offers what it has, and learns that it should stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from .errors import Cancelled, Text
from .gaussians.gaussians import Gaussians
from .stages import Stage

Listen = Callable[[], None]  # called all along the way; raises to stop it


def unheard() -> None:
    """Listens to nobody."""


class Report:
    """Progress of one job. This one is silent; front ends override `progress`, and `preview` where somebody looks."""

    watched = False  # whether somebody looks at previews: none need be made otherwise

    def __init__(self) -> None:
        self._stop = threading.Event()

    def __call__(self, stage: Stage, fraction: float) -> None:
        """Say how much of a stage is done, 0 to 1. Raises `Cancelled` once `cancel` has been called."""
        if self._stop.is_set():
            raise Cancelled
        self.progress(stage, min(max(fraction, 0.0), 1.0))

    def cancel(self) -> None:
        """Ask the job to stop at its next report; may be called from any thread."""
        self._stop.set()

    def progress(self, stage: Stage, fraction: float) -> None:
        """Called with every report."""

    def preview(self, make: Callable[[], Gaussians[np.ndarray]]) -> None:
        """Called where there are intermediate splats (numpy) worth showing, with what makes them."""

    def note(self, text: Text) -> None:
        """Called with things worth telling that stop nothing, such as a photo that was left out."""
