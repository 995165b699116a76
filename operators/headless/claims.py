# SPDX-License-Identifier: GPL-3.0-or-later
"""Which task makes which folder, where many tasks write into one place.

A claim is a file beside the folder, `.NAME.claim-1`, that its task touches every few seconds. When it stays untouched for long
while another task watches, its task has died, and the other goes on with claim 2: of all that try, one can make that file.
No clocks are compared and no processes looked for, so tasks may run on different machines. A claim saves double work only:
folders appear by renaming, so a task that was stopped and wakes up after losing its claim spoils nothing.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

LOOK = 1.0  # seconds between looks at the claims of others
BEAT = 10.0  # seconds between touches
SILENCE = 90.0  # seconds without a touch that mean death; network file systems may show times that are a minute old


class Claim:
    """This task's right to make a folder; a context manager that gives it back."""

    def __init__(self, folder: Path, number: int) -> None:
        """Raises `FileExistsError` when another task was quicker."""
        self._folder, self._number = folder, number
        self._path = _path(folder, number)
        self._path.touch(exist_ok=False)
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="tttLRM claim", daemon=True)

    def __enter__(self) -> Claim:
        self._beating.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._beating.join()
        for number in _numbers(self._folder):  # the newest last: until then nobody else may claim
            if number <= self._number:
                _path(self._folder, number).unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            with suppress(OSError):
                os.utime(self._path)


@dataclass
class Seen:
    """What was seen of a claim. `touched` is the file's time, the others are this task's."""

    touched: int
    since: float  # when it had that time first
    last: float


class Watch:
    """Makes claims, and watches those of other tasks to tell whether these live: for that it must look every few seconds."""

    def __init__(self) -> None:
        self._seen: dict[Path, Seen] = {}

    def claim(self, folder: Path) -> Claim | None:
        """The claim to make a folder, unless another task has it that is not known to be dead."""
        newest = max(_numbers(folder), default=0)
        if newest and not self._silent(_path(folder, newest)):
            return None
        with suppress(FileExistsError):
            return Claim(folder, newest + 1)
        return None

    def alive(self, folder: Path) -> bool:
        """Whether the task that has the claim was just seen to live."""
        return any(self._touched(_path(folder, number)) for number in _numbers(folder))

    def _silent(self, path: Path) -> bool:
        return not self._touched(path) and time.monotonic() - self._seen[path].since > SILENCE

    def _touched(self, path: Path) -> bool:
        """Whether the claim was touched between looks; after a pause that says little, for its task may have died meanwhile."""
        now, touched = time.monotonic(), _time(path)
        seen = self._seen.get(path)
        if seen is None or (touched != seen.touched and now - seen.last > BEAT):
            self._seen[path] = Seen(touched, now, now)
            return False
        seen.last = now
        return touched != seen.touched


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:  # given back meanwhile
        return 0


def _path(folder: Path, number: int) -> Path:
    return folder.with_name(f".{folder.name}.claim-{number}")


def _numbers(folder: Path) -> list[int]:
    """Those of the claims that are there, in order."""
    start = f".{folder.name}.claim-"
    ends = (path.name.removeprefix(start) for path in folder.parent.iterdir() if path.name.startswith(start))
    return sorted(int(end) for end in ends if end.isdecimal())
