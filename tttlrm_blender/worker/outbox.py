# SPDX-License-Identifier: GPL-3.0-or-later
"""Events on their way to one client."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.asyncio.server import ServerConnection

from ..errors import TttlrmError
from ..protocol.messages import Event, Failed, encode, slot


class Outbox:
    """Holds events until the client takes them; of progress and previews a slow client gets the newest only."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Any, ...], tuple[int, Event]] = {}
        self._filled = asyncio.Event()
        self._closed = False

    def put(self, request: int, event: Event) -> None:
        """Add an event of a request; dropped when the client is gone."""
        if self._closed:
            return
        place = (request, *slot(event))
        self._waiting.pop(place, None)
        self._waiting[place] = (request, event)
        self._filled.set()

    def close(self) -> None:
        """The client is gone."""
        self._closed = True
        self._waiting.clear()

    async def send_to(self, socket: ServerConnection) -> None:
        """Send events as they come, for as long as the connection lives."""
        while True:
            await self._filled.wait()
            while self._waiting:
                await _send(socket, *self._waiting.pop(next(iter(self._waiting))))
            self._filled.clear()


async def _send(socket: ServerConnection, request: int, event: Event) -> None:
    try:
        for frame in encode(request, event):
            await socket.send(frame)
    except TttlrmError as error:  # too large, which shows before the first frame
        for frame in encode(request, Failed.of(error)):
            await socket.send(frame)
