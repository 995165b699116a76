# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to a worker, as its sender follows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic

from .. import errors
from ..errors import TttlrmError
from ..protocol.messages import END, Cancel, Cancelled, Done, Event, Failed, Finish, Request, Result, slot


class Job(Generic[Result]):
    """A running request. Events arrive in the background; of unread progress and previews, only the newest are kept."""

    def __init__(self, send: Callable[[Request], None], result: type[Result]) -> None:
        """`result` is the type of the job's result."""
        self._send, self._result = send, result
        self._changed = threading.Condition()
        self._events: dict[tuple[Any, ...], Event] = {}
        self._ended = False
        self.cancel_wanted = False  # or finish, which is the same until the worker has the job

    @property
    def ended(self) -> bool:
        """Whether the last event has arrived (it may not have been read yet)."""
        return self._ended

    def put(self, event: Event) -> None:
        """Add an event; called by the connection. Events after the last one are ignored."""
        with self._changed:
            if self._ended:
                return
            self._events.pop(slot(event), None)
            self._events[slot(event)] = event
            self._ended = isinstance(event, END)
            self._changed.notify_all()

    def poll(self) -> list[Event]:
        """Return the events since the last call, without waiting. The last one of all is a `Done`, `Failed` or `Cancelled`."""
        with self._changed:
            events, self._events = list(self._events.values()), {}
        return events

    def events(self) -> Iterator[Event]:
        """Yield all events as they arrive, up to `Done`, `Failed` or `Cancelled`."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events, timeout=1.0)  # lets Ctrl+C through, on Windows too
            for event in self.poll():
                yield event
                if isinstance(event, END):
                    return

    def cancel(self) -> None:
        """Request the job to stop, without waiting. It ends soon with `Cancelled`, or with `Done` if that was faster."""
        self._stop(Cancel())

    def finish(self) -> None:
        """Request the job to end with the result so far, without waiting. It ends soon with `Done`, or as if canceled."""
        self._stop(Finish())

    def _stop(self, how: Finish | Cancel) -> None:
        self.cancel_wanted = True
        if not self._ended:
            with suppress(TttlrmError):  # a lost connection ends the job anyway
                self._send(how)

    def taken(self, done: Done) -> Result:
        """The result in the last event. Raises `TttlrmError` ("bad_message") if it is not of the right type."""
        return done.result(self._result)

    def result(self, on_event: Callable[[Event], None] | None = None) -> Result:
        """Wait for the result. Raises `TttlrmError` if the job failed, and `errors.Cancelled` if it was canceled."""
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
