# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to a worker, followed from the side that made it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic

from .. import errors
from ..errors import TttlrmError
from ..protocol.messages import END, Cancel, Cancelled, Done, Event, Failed, Request, Result, slot


class Job(Generic[Result]):
    """Events arrive in the background; of progress of one stage and of previews that were not read yet the newest counts."""

    def __init__(self, send: Callable[[Request], None], result: type[Result]) -> None:
        """`result` is the type of what the job gives."""
        self._send, self._result = send, result
        self._changed = threading.Condition()
        self._events: dict[tuple[Any, ...], Event] = {}
        self._ended = False
        self.cancel_wanted = False

    @property
    def ended(self) -> bool:
        """Whether the last event has arrived (it may not have been read yet)."""
        return self._ended

    def put(self, event: Event) -> None:
        """Called by the connection with each event; nothing counts after the last one."""
        with self._changed:
            if self._ended:
                return
            self._events.pop(slot(event), None)
            self._events[slot(event)] = event
            self._ended = isinstance(event, END)
            self._changed.notify_all()

    def poll(self) -> list[Event]:
        """The events since the last call; never waits. The last one of all is a `Done`, `Failed` or `Cancelled`."""
        with self._changed:
            events, self._events = list(self._events.values()), {}
        return events

    def events(self) -> Iterator[Event]:
        """All events as they come, ending after `Done`, `Failed` or `Cancelled`."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events, timeout=1.0)  # Ctrl+C is heard in between, on Windows too
            for event in self.poll():
                yield event
                if isinstance(event, END):
                    return

    def cancel(self) -> None:
        """Ask for the job to stop, without waiting; it ends with `Cancelled` soon, or with `Done` if it was quicker."""
        self.cancel_wanted = True
        if not self._ended:
            with suppress(TttlrmError):  # a lost connection ends the job by itself
                self._send(Cancel())

    def taken(self, done: Done) -> Result:
        """The result that the last event carries. Raises `TttlrmError` ("bad_message") where it is none of the right type."""
        return done.result(self._result)

    def result(self, on_event: Callable[[Event], None] | None = None) -> Result:
        """Wait for the result. Raises `TttlrmError` if the job failed and `errors.Cancelled` if it was cancelled."""
        for event in self.events():
            if on_event:
                on_event(event)
            if isinstance(event, Done):
                return self.taken(event)
            if isinstance(event, Failed):
                raise event.error()
            if isinstance(event, Cancelled):
                raise errors.Cancelled
        raise AssertionError("events() ends with one of the above")
