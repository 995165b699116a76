# SPDX-License-Identifier: GPL-3.0-or-later
"""The job queue: one job at a time on a thread, interactive jobs first, and fair between sessions.

Every job is assigned a round when it is added: the one after the current round, or after that of its session's last waiting
job. Jobs run round by round, and within a round in order of arrival. So a session has one job per round, and one with twenty
jobs takes turns with all others. Interactive jobs have separate rounds and run before the rest, but at most `OVERTAKING` of
them in a row while other jobs wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..errors import Code, TttlrmError
from ..protocol.messages import Cancelled, Queued
from . import logs
from .limits import Limits
from .session import Session
from .task import Task

logger = logging.getLogger(__name__)

OVERTAKING = 8


class Schedule:
    """Runs tasks; all methods belong to the event loop."""

    def __init__(self, limits: Limits, rest: Callable[[], None] = lambda: None) -> None:
        """`rest` is called on the job thread after `limits.idle_seconds` without a job."""
        self._limits, self._rest = limits, rest
        self._thread = ThreadPoolExecutor(1, "tttlrm job")
        self._running: Task | None = None
        self._waiting: list[Task] = []  # in order of arrival
        self._rounds = {True: 0, False: 0}  # current rounds of interactive tasks and of others
        self._overtaken = 0  # interactive tasks run in a row while others waited
        self._added = asyncio.Event()
        self._closing = False

    @property
    def waiting(self) -> int:
        """The number of waiting tasks."""
        return len(self._waiting)

    @property
    def running(self) -> bool:
        """Whether a task is running."""
        return self._running is not None

    @property
    def closing(self) -> bool:
        """Whether new tasks are refused because the worker is stopping."""
        return self._closing

    def add(self, task: Task) -> None:
        """Add a task to the queue. Raises `TttlrmError` if the queue is full or closed."""
        self._check_room(task.session)
        same = (other.round for other in self._waiting if other.session is task.session and other.interactive == task.interactive)
        task.round = max(same, default=self._rounds[task.interactive]) + 1
        self._waiting.append(task)
        self._tell_positions()
        self._added.set()

    def cancel(self, task: Task) -> None:
        """Stop a task: at once if it is waiting, at its next report if it is running."""
        task.report.cancel()
        if task in self._waiting:
            self._waiting.remove(task)
            task.end(Cancelled())
            self._tell_positions()

    def finish(self, task: Task) -> None:
        """End a task soon with what it has; a waiting one has nothing and is stopped."""
        if task in self._waiting:
            self.cancel(task)
        else:
            task.report.finish()

    async def cancel_session(self, session: Session) -> None:
        """Stop all tasks of a session and wait until they have ended."""
        tasks = [task for task in [*self._waiting, self._running] if task and task.session is session]
        for task in tasks:
            self.cancel(task)
        for task in tasks:
            await task.ended.wait()

    async def run(self) -> None:
        """Run the tasks of the queue, forever."""
        while True:
            if not await _within(self._limits.idle_seconds, self._added):
                await asyncio.get_running_loop().run_in_executor(self._thread, self._rest)
                await self._added.wait()
            self._added.clear()
            while self._waiting:
                await self._do(self._next())

    async def close(self, grace: float, patience: float, hurry: asyncio.Event) -> bool:
        """Refuse new tasks, cancel waiting ones, and give the running one `grace` seconds before it is canceled too.

        Setting `hurry` ends the grace. Returns whether the task then ended within `patience` seconds.
        """
        self._closing = True
        for task in self._waiting.copy():
            self.cancel(task)
        self._thread.shutdown(wait=False)
        running = self._running
        if running is None:
            return True
        await _within(grace, running.ended, hurry)
        self.cancel(running)
        ended = await _within(patience, running.ended)
        if not ended:
            logs.log_event(logger, "job_does_not_stop", logging.WARNING, patience=patience)
        return ended

    def _check_room(self, session: Session) -> None:
        if self._closing:
            raise TttlrmError("The worker is stopping and accepts no more jobs.", hint="Start it again.", code=Code.STOPPING)
        if len(self._waiting) >= self._limits.jobs:
            raise TttlrmError(
                "The worker has {} jobs waiting and accepts no more.",
                len(self._waiting),
                hint="Try again later.",
                code=Code.QUEUE_FULL,
            )
        if sum(task.session is session for task in self._waiting) >= self._limits.session_jobs:
            raise TttlrmError(
                "The scene has {} jobs waiting and accepts no more.",
                self._limits.session_jobs,
                hint="Wait for some of them, or cancel them.",
                code=Code.QUEUE_FULL,
            )

    def _line(self) -> list[Task]:
        """The waiting tasks in the order in which they will run if no others are added."""
        quick, others = ([task for task in self._by_round() if task.interactive is kind] for kind in (True, False))
        line: list[Task] = []
        overtaken = self._overtaken
        while quick and others:
            overtaken = overtaken + 1 if overtaken < OVERTAKING else 0
            line.append((quick if overtaken else others).pop(0))
        return line + quick + others

    def _by_round(self) -> list[Task]:
        return sorted(self._waiting, key=lambda task: task.round)

    def _next(self) -> Task:
        task = self._line()[0]
        self._waiting.remove(task)
        self._rounds[task.interactive] = task.round
        overtakes = task.interactive and not all(other.interactive for other in self._waiting)
        self._overtaken = self._overtaken + 1 if overtakes else 0
        return task

    async def _do(self, task: Task) -> None:
        self._running = task
        event = await asyncio.get_running_loop().run_in_executor(self._thread, task.perform)
        self._running = None
        task.end(event)
        self._tell_positions()

    def _tell_positions(self) -> None:
        for position, task in enumerate(self._line(), start=int(self.running)):
            if task.position != position:
                task.position = position
                task.emit(Queued(position))


async def _within(seconds: float, *events: asyncio.Event) -> bool:
    """Whether one of the events is set within some seconds."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return any(event.is_set() for event in events)
