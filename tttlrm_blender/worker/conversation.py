# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of one connected client, and the answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection

from ..cache import keeping_in
from ..errors import Code, TttlrmError, text
from ..pipeline.job_kind import JobKind
from ..poses.confinement import confined
from ..progress import Report
from ..protocol.frames import RUN_BYTES, malformed
from ..protocol.messages import (
    END,
    MAX_REQUEST,
    Cancel,
    Cancelled,
    Decoder,
    Done,
    Event,
    Failed,
    Finish,
    Forget,
    Message,
    Note,
    Seek,
    Submit,
    Upload,
)
from ..protocol.results import Presence
from ..protocol.settings_json import from_json
from ..protocol.start import read_start
from . import logs
from .job_events import unexpected
from .limits import Limits
from .outbox import Outbox
from .paths import placed
from .schedule import Schedule
from .session import Incoming, Session
from .sessions import Sessions
from .task import Label, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Services that all connections share."""

    jobs: Mapping[str, JobKind]
    sessions: Sessions
    schedule: Schedule
    limits: Limits
    log: Path | None  # mentioned in errors
    any_file: bool  # whether settings and pose files may refer to any file of this machine, or only to uploaded ones


class Conversation:
    """One connection, after the greeting."""

    def __init__(self, client: int, services: Services) -> None:
        """`client` is the connection's number in the log."""
        self._client, self._services = client, services
        self._outbox = Outbox(services.limits)
        self._tasks: dict[int, Task] = {}
        self._incoming: dict[int, Incoming] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def run(self, socket: ServerConnection) -> None:
        """Serve until the client disconnects; its jobs continue. Raises `TttlrmError` for malformed messages."""
        sender = asyncio.create_task(self._outbox.send_to(socket))
        decoder = Decoder(RUN_BYTES, MAX_REQUEST, MAX_REQUEST)
        try:
            async for frame in socket:
                received = decoder.feed(frame)
                if received:
                    await self._outbox.room()
                    await self._answer(*received)
        finally:
            self._outbox.close()
            for task in self._tasks.values():
                task.report.watched = False
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):  # a send that failed with the connection
                await sender
            for incoming in self._incoming.values():
                incoming.discard()

    async def drained(self) -> None:
        """Wait until the client has received everything, or is gone."""
        await self._outbox.drained()

    async def _answer(self, request: int, message: Message) -> None:
        try:
            match message:
                case Upload():
                    await self._upload(request, message)
                case Seek():
                    there = self._services.sessions.get(message.session).has_start(message.path)
                    self._tell(request, Done.of(Presence(there)))
                case Submit():
                    self._submit(request, message)
                case Finish() if request in self._tasks:
                    self._services.schedule.finish(self._tasks[request])
                case Finish() | Cancel():
                    self._cancel(request)
                case Forget():
                    self._start_forgetting(request, message.session)
                case _:
                    raise malformed("{} is not a request", type(message).__name__)
        except TttlrmError as error:
            if error.code == Code.BAD_MESSAGE:
                raise
            logs.log_event(logger, "request_failed", request=request, code=error.code, error=error.sentence)
            self._tell(request, Failed.of(error))
        except Exception as error:  # a fault of ours ends this request, not the connection
            logs.log_event(logger, "request_broke", logging.ERROR, request=request)
            self._tell(request, Failed.of(unexpected(error, self._services.log)))

    async def _upload(self, request: int, message: Upload) -> None:
        if message.offset and request not in self._incoming:
            return  # the rest of a rejected file
        if request not in self._incoming:
            self._incoming[request] = self._begin(message)
        incoming = self._incoming[request]
        try:
            await asyncio.to_thread(incoming.write, message.offset, message.bytes.data)
            if incoming.complete:
                incoming.store()
                del self._incoming[request]
                self._tell(request, Done())
        except TttlrmError:
            self._incoming.pop(request).discard()
            raise

    def _begin(self, message: Upload) -> Incoming:
        most = self._services.limits.uploads
        if len(self._incoming) >= most:
            raise TttlrmError("The connection is uploading {} files and accepts no more.", most, code=Code.TOO_MANY_UPLOADS)
        incoming, dropped = self._services.sessions.begin(message.session, message.path, message.size)
        self._remove(dropped)
        return incoming

    def _submit(self, request: int, message: Submit) -> None:
        if request in self._tasks or request in self._incoming:
            raise malformed("the request {} is used twice", request)
        jobs = self._services.jobs
        if message.kind not in jobs:
            raise TttlrmError(
                "The worker has no job {!r}.", message.kind, hint=text("It has {}.", ", ".join(jobs)), code=Code.BAD_JOB
            )
        task = self._task(request, message, jobs[message.kind])
        self._services.schedule.add(task)
        self._tasks[request] = task
        task.session.jobs += 1
        if warning := self._services.sessions.warning():
            self._tell(request, Note(warning))

    def _task(self, request: int, message: Submit, job: JobKind) -> Task:
        session, any_file = self._services.sessions.get(message.session), self._services.any_file
        settings: Any = placed(from_json(job.kind.settings, message.settings), session.photos, any_file)
        start = session.inside(message.start) if message.start else None

        def work(report: Report) -> Any:
            with confined(None if any_file else session.photos), keeping_in(session.cache):
                scene = session.scene()
                scene.start = read_start(start) if start else None
                return job.run(scene, settings, report)

        return Task(
            session,
            work,
            lambda event: self._tell_of_job(request, session, event),
            Label(self._client, request, message.session, message.kind),
            job.interactive,
            self._services.log,
            message.previews,
        )

    def _cancel(self, request: int) -> None:
        if request in self._tasks:
            self._services.schedule.cancel(self._tasks[request])
        elif request in self._incoming:
            self._incoming.pop(request).discard()
            self._tell(request, Cancelled())

    def _start_forgetting(self, request: int, name: str) -> None:
        self._start(self._forget(request, name))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _forget(self, request: int, name: str) -> None:
        session = self._services.sessions.pop(name)
        if session:
            await self._services.schedule.cancel_session(session)
            await asyncio.to_thread(session.remove)
        self._tell(request, Done())

    def _tell_of_job(self, request: int, session: Session, event: Event) -> None:
        if isinstance(event, END):
            session.jobs -= 1
            self._remove(self._services.sessions.used(session))
        self._tell(request, event)

    def _remove(self, dropped: list[Session]) -> None:
        for session in dropped:
            logs.log_event(logger, "scene_dropped", logging.WARNING, folder=session.folder)
            self._start(asyncio.to_thread(session.remove))

    def _tell(self, request: int, event: Event) -> None:
        self._outbox.put(request, event)
        if isinstance(event, END):
            self._tasks.pop(request, None)
