# SPDX-License-Identifier: GPL-3.0-or-later
"""One job, from the queue to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Text
from ..outlook.paces import learn
from ..progress import Report
from ..protocol.messages import Done, Event, Failed, Note
from . import logs
from .job_events import JobReport, outcome
from .paths import relative
from .session import Session

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Label:
    """Identifies a job in the log."""

    client: int
    request: int
    session: str
    kind: str


class Task:
    """One job in the queue. Used only in the event loop, except `perform`, which runs on the job thread."""

    def __init__(
        self,
        session: Session,
        work: Callable[[Report], Any],
        emit: Callable[[Event], None],
        label: Label,
        interactive: bool = False,
        log: Path | None = None,
        previews: bool = False,
    ) -> None:
        """`emit` is called in the event loop; `log` is mentioned in errors; previews are made if `previews`."""
        loop = asyncio.get_running_loop()
        self.session, self.interactive = session, interactive
        self.report = JobReport(lambda event: loop.call_soon_threadsafe(self.emit, event), watched=previews)
        self.ended = asyncio.Event()
        self.round, self.position = 0, -1  # in the queue, set by the schedule
        self._work, self._emit, self._label, self._log = work, emit, label, log
        self._came = time.monotonic()
        self._began: float | None = None

    def perform(self) -> Event:
        """Do the work; returns the event that ends it."""
        self._began = began = time.monotonic()
        with logs.about(**vars(self._label)):
            logs.log_event(logger, "job_started", waited=began - self._came)
            event = outcome(self._work, self.report, self._log)
        if isinstance(event, Done) and not self.report.finishing:
            learn(self.report.journey.paces)
        return event

    def emit(self, event: Event) -> None:
        """Send an event to the client, with the names under which files were uploaded."""
        if isinstance(event, Failed | Note):
            event = replace(event, text=self._as_sent(event.text))
        if isinstance(event, Failed):
            event = replace(event, advice=self._as_sent(event.advice))
        self._emit(event)

    def end(self, event: Event) -> None:
        """Log and send the event that ends the job."""
        why: dict[str, Any] = {"code": event.code, "error": str(event.text)} if isinstance(event, Failed) else {}
        seconds = time.monotonic() - self._began if self._began is not None else 0.0
        with logs.about(**vars(self._label)):
            logs.log_event(logger, "job_ended", outcome=type(event).__name__.lower(), seconds=seconds, **why)
        self.emit(event)
        self.ended.set()

    def _as_sent(self, text: Text) -> Text:
        return text.with_values(partial(relative, folders=(self.session.photos, self.session.folder)))
