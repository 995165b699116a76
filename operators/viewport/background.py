# SPDX-License-Identifier: GPL-3.0-or-later
"""Work off the main thread, of which only the newest matters."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any


class Background:
    """One thread. What is asked for under a key replaces what waits under it; what is being done is finished."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tttLRM viewport")
        self._asked: dict[Hashable, list[Future]] = {}
        self._arrived = Event()

    def ask(self, key: Hashable, work: Callable[[], Any]) -> None:
        """Have something done soon."""
        kept = [future for future in self._asked.get(key, []) if not future.cancel()]
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._arrived.set())
        self._asked[key] = [*kept, future]

    def take(self, key: Hashable) -> Any | None:
        """The newest result under a key that was not taken yet. Raises what the work raised."""
        asked = self._asked.get(key, [])
        done = [future for future in asked if future.done()]
        self._asked[key] = [future for future in asked if future not in done]
        return done[-1].result() if done else None

    def waits(self, *keys: Hashable) -> bool:
        """Whether anything that was asked for under one of these keys was not taken yet."""
        return any(self._asked.get(key) for key in keys)

    def forget(self, key: Hashable) -> None:
        """Nobody will take what was asked for under a key."""
        for future in self._asked.pop(key, []):
            future.cancel()

    @property
    def busy(self) -> bool:
        """Whether anything is still to come, or has come without being asked for by `news`."""
        return self._arrived.is_set() or any(not future.done() for futures in self._asked.values() for future in futures)

    def news(self) -> bool:
        """Whether anything has been finished since this was last asked."""
        arrived = self._arrived.is_set()
        self._arrived.clear()
        return arrived

    def wait(self) -> None:
        """Until all is done."""
        wait([future for futures in self._asked.values() for future in futures])

    def close(self) -> None:
        """Let go of the thread, which ends when it has done what it is doing."""
        self._pool.shutdown(wait=False, cancel_futures=True)
