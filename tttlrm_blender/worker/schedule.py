# SPDX-License-Identifier: GPL-3.0-or-later
"""The line of jobs: first come, first served, one at a time, on one thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ..progress import Report
from ..protocol.messages import Cancelled, Event, Failed, Queued
from .kinds import JobResult
from .outcome import JobReport, outcome
from .sessions import Session

logger = logging.getLogger(__name__)


class Task:
    """One job in the line. Made and touched in the event loop; only `perform` runs on the job thread."""

    def __init__(self, session: Session, work: Callable[[Report], JobResult], emit: Callable[[Event], None]) -> None:
        """`emit` is called in the event loop."""
        loop = asyncio.get_running_loop()
        self.session, self.work, self.emit = session, work, emit
        self.report = JobReport(lambda event: loop.call_soon_threadsafe(emit, event))
        self.ended = asyncio.Event()

    def perform(self, log: Path | None) -> Event:
        """Do the work; gives the event that ends it. Errors tell files by the names that they were uploaded under."""
        event = outcome(self.work, self.report, log)
        if not isinstance(event, Failed):
            return event
        folder = str(self.session.photos)
        return replace(event, sentence=event.sentence.replace(folder + os.sep, "").replace(folder, "the scene"))

    def end(self, event: Event) -> None:
        """Tell how it ended."""
        self.emit(event)
        self.ended.set()


class Schedule:
    """Runs tasks; all methods belong to the event loop."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._thread = ThreadPoolExecutor(1, "tttlrm job")
        self._running: Task | None = None
        self._waiting: list[Task] = []
        self._added = asyncio.Event()

    def add(self, task: Task) -> None:
        """Put a task at the end of the line."""
        self._waiting.append(task)
        task.emit(Queued(len(self._waiting) - 1 + (self._running is not None)))
        self._added.set()

    def cancel(self, task: Task) -> None:
        """Stop a task: at once if it waits, at its next report if it runs."""
        task.report.cancel()
        if task in self._waiting:
            self._waiting.remove(task)
            task.end(Cancelled())
            self._tell_positions()

    async def cancel_session(self, session: Session) -> None:
        """Stop all tasks of a session and wait for their end."""
        tasks = [task for task in [*self._waiting, self._running] if task and task.session is session]
        for task in tasks:
            self.cancel(task)
        for task in tasks:
            await task.ended.wait()

    async def run(self) -> None:
        """Work through the line, for ever."""
        while True:
            await self._added.wait()
            self._added.clear()
            while self._waiting:
                await self._do(self._waiting.pop(0))

    async def _do(self, task: Task) -> None:
        self._running = task
        event = await asyncio.get_running_loop().run_in_executor(self._thread, task.perform, self._log)
        self._running = None
        task.end(event)
        self._tell_positions()

    async def close(self, grace: float) -> bool:
        """Stop all tasks; says whether the last one ended within `grace` seconds."""
        running = self._running
        for task in [*self._waiting, *([running] if running else [])]:
            self.cancel(task)
        self._thread.shutdown(wait=False)
        if running is None:
            return True
        try:
            await asyncio.wait_for(running.ended.wait(), grace)
        except TimeoutError:
            logger.warning("a job did not stop within %s seconds", grace)
            return False
        return True

    def _tell_positions(self) -> None:
        for position, task in enumerate(self._waiting):
            task.emit(Queued(position + (self._running is not None)))
