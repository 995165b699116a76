# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress, previews, notes and cancellation of long-running work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from .errors import Cancelled, Text, TttlrmError
from .gaussians.gaussians import Gaussians
from .stages import Stage, Step


@dataclass(frozen=True)
class Sight:
    """What is known of a scene before there are splats: its points, as small splats, and V cameras in OpenCV axes."""

    splats: Gaussians[np.ndarray]
    c2w: np.ndarray  # [V, 4, 4]
    intrinsics: np.ndarray  # [V, 4], fx fy cx cy in pixels
    sizes: np.ndarray  # [V, 2], width and height in pixels


Listen = Callable[[], None]  # called often during long work; raises to stop it


def unheard() -> None:
    """Do nothing: the `Listen` of work that is never stopped."""


class Finished(Cancelled):
    """Raised within `Report.skippable` once a job was asked to finish."""


class Report:
    """Progress of one job. This class is silent; front ends override the methods at its end.

    Another thread, or a signal handler, can `cancel` the job or ask it to `finish` with what it has.
    """

    watched = False  # whether previews are shown; if not, none need to be made

    def __init__(self) -> None:
        self._stop, self._finish = threading.Event(), threading.Event()
        self._skippable = 0  # nested blocks
        self.keeps = False  # whether there is a result to keep

    def __call__(self, stage: Stage, fraction: float) -> None:
        """Report how much of a stage is done, 0 to 1.

        Raises `Cancelled` once `cancel` has been called, or `finish` while there is nothing to keep.
        """
        self.listen()
        self.progress(stage, min(max(fraction, 0.0), 1.0))

    def listen(self) -> None:
        """Raise what a report would raise."""
        if self._stop.is_set() or (self._finish.is_set() and not self.keeps):
            raise Cancelled
        if self._finish.is_set() and self._skippable:
            raise Finished

    def cancel(self) -> None:
        """Ask the job to stop at its next report; may be called from any thread."""
        self._stop.set()

    def finish(self) -> None:
        """Ask the job to end soon with the result so far, or to stop if there is none; may be called from any thread."""
        self._finish.set()

    @property
    def finishing(self) -> bool:
        """Whether the job was asked to finish. What improves the result then ends."""
        return self._finish.is_set()

    @contextmanager
    def skippable(self) -> Iterator[None]:
        """A block that adds to a result: when asked to finish, the rest of it is skipped. From here on there is a result."""
        self.keeps, self._skippable = True, self._skippable + 1
        try:
            yield
        except Finished:
            pass
        finally:
            self._skippable -= 1

    @contextmanager
    def noting(self, words: Callable[[Text], Text]) -> Iterator[None]:
        """A block that the job can do without: a `TttlrmError` ends the block, and a note in these words says why."""
        try:
            yield
        except TttlrmError as error:
            self.note(words(error.text))

    def progress(self, stage: Stage, fraction: float) -> None:
        """Called with every report."""

    def expect(self, seconds: float) -> None:
        """Called early in a long stage with an estimate of the seconds that it still takes."""

    def plan(self, seconds: Mapping[Step, float]) -> None:
        """Called with the steps that the job has, in order, and the seconds expected of each; again when more is known."""

    def begin(self, step: Step, times: float = 0.0) -> None:
        """Called at the beginning of a step; one that was not planned takes about so many times as long as the step before."""

    def preview(self, make: Callable[[], Gaussians[np.ndarray]]) -> None:
        """Called when intermediate splats (numpy) could be shown; `make` makes them."""

    def sight(self, make: Callable[[], Sight]) -> None:
        """Called when cameras and points could be shown, before there are splats; `make` makes them."""

    def note(self, text: Text) -> None:
        """Called with notes for the user about things that do not stop the job, such as a photo that was left out."""


class Unseen(Report):
    """The progress of work beside a job, which is not shown: the work stops with the job, and its notes are those of the job."""

    def __init__(self, job: Report) -> None:
        """The report of the job."""
        super().__init__()
        self._job = job

    def __call__(self, stage: Stage, fraction: float) -> None:
        """Raises `Cancelled` when the job's report does."""
        self._job.listen()

    def note(self, text: Text) -> None:
        """Called with notes for the user."""
        self._job.note(text)
