# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a job: reports while it runs, and its outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import errors
from ..atomic_files import FULL, unwritable
from ..errors import Code, Text, TttlrmError, lacks_memory, text
from ..gaussians.gaussians import Gaussians, thinned
from ..outlook.journey import Journey
from ..progress import Report, Sight
from ..protocol.messages import Cancelled, Done, Event, Failed, Note, Preview, Progress
from ..protocol.results import CameraTable
from ..stages import Stage, Step
from . import logs

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.05  # between events of the same stage
PREVIEW_SECONDS = 0.5
PREVIEW_SPLATS = 200_000  # at most in a preview: most scenes have no more, as thinning spoils refined splats


class JobReport(Report):
    """Converts a job's reports to events, at most 20 per second, with how far the whole job has come."""

    def __init__(
        self, emit: Callable[[Event], object], clock: Callable[[], float] = time.monotonic, watched: bool = False
    ) -> None:
        """Previews are made if the job is `watched`."""
        super().__init__()
        self._emit, self._clock, self.watched = emit, clock, watched
        self._stage: Stage | None = None
        self.journey = Journey(clock)
        self._told = self._shown = -np.inf

    def progress(self, stage: Stage, fraction: float) -> None:
        """Emit `Progress`, unless the last one of this stage is too recent."""
        now, whole = self._clock(), self.journey.at(stage, fraction)
        if stage != self._stage or now - self._told >= PROGRESS_SECONDS:
            self._stage, self._told = stage, now
            self._emit(Progress(stage, fraction, whole.seconds_left, whole.step, whole.steps, whole.done))

    def expect(self, seconds: float) -> None:
        """Include the estimate in the next `Progress`."""
        self.journey.expect(seconds)

    def plan(self, seconds: Mapping[Step, float]) -> None:
        """Count these steps."""
        self.journey.plan(seconds)

    def begin(self, step: Step, times: float = 0.0) -> None:
        """Count this step."""
        self.journey.begin(step, times)

    def note(self, text: Text) -> None:
        """Emit `Note`."""
        self._emit(Note(text))

    def preview(self, make: Callable[[], Gaussians[np.ndarray]]) -> None:
        """Emit `Preview` with a copy of the splats, if the job is watched and the last preview is not too recent."""
        if self.watched and self._clock() - self._shown >= PREVIEW_SECONDS:
            shown = thinned(make(), PREVIEW_SPLATS)
            self._emit(Preview(shown.map(np.array)))
            self._shown = self._clock()

    def sight(self, make: Callable[[], Sight]) -> None:
        """Emit `Preview` with points and cameras, if the job is watched."""
        if self.watched:
            seen = make()
            names = [str(number) for number in range(len(seen.c2w))]
            cameras = CameraTable(names, seen.c2w, seen.intrinsics, seen.sizes)
            self._emit(Preview(thinned(seen.splats, PREVIEW_SPLATS), cameras))


def outcome(work: Callable[[Report], Any], report: Report, log: Path | None) -> Event:
    """Run the work, which returns a dataclass of `protocol.results`, and return `Done`, `Failed` or `Cancelled`.

    Tracebacks are only written to the log.
    """
    try:
        return Done.of(work(report))
    except errors.Cancelled:
        return Cancelled()
    except TttlrmError as error:
        return Failed.of(error)
    except (Exception, SystemExit) as error:
        logs.log_event(logger, "job_broke", logging.ERROR)
        return Failed.of(unexpected(error, log))


def unexpected(error: BaseException, log: Path | None) -> TttlrmError:
    """The error for clients about an unexpected exception, whose traceback is in the `log`, if there is one."""
    if isinstance(error, OSError) and error.errno in FULL:
        return unwritable(error.filename or text("A file"), error)
    return _out_of_memory() if lacks_memory(error) else _internal(error, log)


def _out_of_memory() -> TttlrmError:
    return TttlrmError(
        "The worker ran out of memory.", hint="Use fewer or smaller photos, or fewer splats.", code=Code.OUT_OF_MEMORY
    )


def _internal(error: BaseException, log: Path | None) -> TttlrmError:
    hint = text("See {} for details.", log) if log else "See the worker's output for details."
    return TttlrmError("The job failed with an unexpected {}.", type(error).__name__, hint=hint, code=Code.INTERNAL)
