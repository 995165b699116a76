# SPDX-License-Identifier: GPL-3.0-or-later
"""What one connected client asks for, and the answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from websockets.asyncio.server import ServerConnection

from ..errors import TttlrmError
from ..progress import Report
from ..protocol.frames import RUN_BYTES, malformed
from ..protocol.messages import END, Cancel, Cancelled, Decoder, Done, Event, Failed, Forget, Message, Note, Submit, Upload
from ..protocol.settings import from_json
from .kinds import JobKind, JobResult
from .outbox import Outbox
from .schedule import Schedule, Task
from .sessions import Incoming, Session, Sessions

logger = logging.getLogger(__name__)


class Conversation:
    """One connection after the greeting."""

    def __init__(self, jobs: Mapping[str, JobKind], sessions: Sessions, schedule: Schedule) -> None:
        self._jobs, self._sessions, self._schedule = jobs, sessions, schedule
        self._outbox = Outbox()
        self._tasks: dict[int, Task] = {}
        self._incoming: dict[int, Incoming] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def run(self, socket: ServerConnection) -> None:
        """Talk until the client goes; its jobs go on. Raises `TttlrmError` when it sends what makes no sense."""
        sender = asyncio.create_task(self._outbox.send_to(socket))
        decoder = Decoder(RUN_BYTES)
        try:
            async for frame in socket:
                received = decoder.feed(frame)
                if received:
                    await self._answer(*received)
        finally:
            self._outbox.close()
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):  # a send that broke with the connection
                await sender
            for incoming in self._incoming.values():
                incoming.discard()

    async def _answer(self, request: int, message: Message) -> None:
        try:
            match message:
                case Upload():
                    await self._upload(request, message)
                case Submit():
                    self._submit(request, message)
                case Cancel():
                    self._cancel(request)
                case Forget():
                    self._start_forgetting(request, message.session)
                case _:
                    raise malformed(f"{type(message).__name__} is not a request")
        except TttlrmError as error:
            if error.code == "bad_message":
                raise
            self._tell(request, Failed.of(error))

    async def _upload(self, request: int, message: Upload) -> None:
        if message.offset and request not in self._incoming:
            return  # the rest of a file that was refused
        data = message.arrays.get("bytes")
        if data is None or data.dtype != "u1" or data.ndim != 1 or set(message.arrays) != {"bytes"}:
            raise malformed("an upload without bytes")
        if request not in self._incoming:
            self._incoming[request] = self._sessions.open(message.session).begin(message.path, message.size)
        incoming = self._incoming[request]
        try:
            await asyncio.to_thread(incoming.write, message.offset, data.data)
            if incoming.complete:
                incoming.store()
                del self._incoming[request]
                self._tell(request, Done())
        except TttlrmError:
            self._incoming.pop(request).discard()
            raise

    def _submit(self, request: int, message: Submit) -> None:
        if request in self._tasks or request in self._incoming:
            raise malformed(f"the request {request} is used twice")
        if message.kind not in self._jobs:
            raise TttlrmError(f"The worker has no job {message.kind!r}.", f"It has {', '.join(self._jobs)}.", "bad_job")
        kind = self._jobs[message.kind]
        session = self._sessions.get(message.session)
        settings = session.placed(from_json(kind.settings, message.settings))

        def work(report: Report) -> JobResult:
            with session.confined():
                return kind.run(session.scene(), settings, report)

        task = Task(session, work, lambda event: self._tell_of_job(request, session, event))
        self._tasks[request] = task
        session.jobs += 1
        if warning := self._sessions.warning():
            self._tell(request, Note(warning))
        self._schedule.add(task)

    def _cancel(self, request: int) -> None:
        if request in self._tasks:
            self._schedule.cancel(self._tasks[request])
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
        session = self._sessions.pop(name)
        if session:
            await self._schedule.cancel_session(session)
            await asyncio.to_thread(session.remove)
        self._tell(request, Done())

    def _tell_of_job(self, request: int, session: Session, event: Event) -> None:
        if isinstance(event, END):
            session.jobs -= 1
            for dropped in self._sessions.used(session):
                logger.warning("a scene was dropped, for there is no room: %s", dropped.folder)
                self._start(asyncio.to_thread(dropped.remove))
        self._tell(request, event)

    def _tell(self, request: int, event: Event) -> None:
        self._outbox.put(request, event)
        if isinstance(event, END):
            self._tasks.pop(request, None)
