# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of events for one client."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.asyncio.server import ServerConnection

from ..errors import Code, TttlrmError
from ..protocol import codec
from ..protocol.messages import Event, Failed, Preview, encode, slot
from .limits import Limits


class Outbox:
    """Queues events until the client reads them; a slow client gets only the newest progress and previews.

    Unread events are limited in two ways: the caller awaits `room` before it handles another request, and arrays beyond
    `unread_bytes` are dropped, previews first; a result without room becomes a `Failed`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[tuple[Any, ...], tuple[int, Event]] = {}
        self._bytes = 0  # of arrays that are queued or being sent
        self._filled, self._taken = asyncio.Event(), asyncio.Event()
        self._sending = self._closed = False

    def put(self, request: int, event: Event) -> None:
        """Add an event of a request, unless the client is gone."""
        if self._closed:
            return
        place = (request, *slot(event))
        self._take(place)
        fitting = self._fitting(event)
        if fitting:
            self._waiting[place] = (request, fitting)
            self._bytes += _bytes_of(fitting)
            self._filled.set()

    def close(self) -> None:
        """Drop all events, as the client is gone."""
        self._closed = True
        self._waiting.clear()
        self._taken.set()

    async def room(self) -> None:
        """Wait until there is room for more events, or the client is gone."""
        while len(self._waiting) > self._limits.unread_events and not self._closed:
            await self._next_taken()

    async def drained(self) -> None:
        """Wait until everything is sent, or the client is gone."""
        while (self._waiting or self._sending) and not self._closed:
            await self._next_taken()

    async def send_to(self, socket: ServerConnection) -> None:
        """Send events as they are added, until the connection ends."""
        try:
            while True:
                await self._filled.wait()
                while self._waiting:
                    await self._send_first(socket)
                self._filled.clear()
        finally:
            self.close()

    async def _send_first(self, socket: ServerConnection) -> None:
        request, event = self._waiting.pop(next(iter(self._waiting)))
        self._sending = True
        await _send(socket, request, event)
        self._sending = False
        self._bytes -= _bytes_of(event)
        self._taken.set()

    async def _next_taken(self) -> None:
        self._taken.clear()
        await self._taken.wait()

    def _take(self, place: tuple[Any, ...]) -> None:
        _, event = self._waiting.pop(place, (0, None))
        self._bytes -= _bytes_of(event)

    def _fitting(self, event: Event) -> Event | None:
        """The event, or its replacement if there is no room for its arrays. A single event always fits."""
        size = _bytes_of(event)
        if not size or self._fits(size):
            return event
        for place in [place for place, (_, other) in self._waiting.items() if isinstance(other, Preview)]:
            self._take(place)
        if self._fits(size):
            return event
        return None if isinstance(event, Preview) else Failed.of(_unread(self._bytes))

    def _fits(self, size: int) -> bool:
        return not self._bytes or self._bytes + size <= self._limits.unread_bytes


def _bytes_of(event: Event | None) -> int:
    return sum(array.nbytes for array in codec.encode(event)[1].values()) if event else 0


def _unread(waiting: int) -> TttlrmError:
    return TttlrmError(
        "The result was not sent: {} MiB of other results have not been read yet.",
        waiting >> 20,
        hint="Read the other results, then decode the scene, which still has its result.",
        code=Code.UNREAD,
    )


async def _send(socket: ServerConnection, request: int, event: Event) -> None:
    try:
        for frame in encode(request, event):
            await socket.send(frame)
    except TttlrmError as error:  # too large, which is known before the first frame
        for frame in encode(request, Failed.of(error)):
            await socket.send(frame)
