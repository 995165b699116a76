# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary folders that vanish with the work or, if the process was killed, at the next start. Standard library only."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

PREFIX = "tttlrm-"
IN_USE = ".in-use"  # file in each folder that is open, and on POSIX locked, as long as its process lives; empty before that


class Scratch:
    """A temporary folder: a context manager, or removed with `remove`."""

    def __init__(self, parent: Path | None = None) -> None:
        """Make a folder in `parent`, by default in the system's place, after a `sweep` there. Raises OSError."""
        sweep(parent)
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._mark = (self.path / IN_USE).open("wb")
        _lock(self._mark, wait=True)  # a sweep may have it for a moment
        self._mark.write(b"1")
        self._mark.flush()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        self._mark.close()
        self._folder.cleanup()


def sweep(parent: Path | None = None) -> None:
    """Remove the folders of killed processes of this user in a folder, by default in the system's place."""
    for folder in (parent or Path(tempfile.gettempdir())).glob(f"{PREFIX}*"):
        with suppress(OSError):  # of another user, or in use
            if os.name != "posix":
                (folder / IN_USE).unlink()  # fails while it is open
                shutil.rmtree(folder, ignore_errors=True)
            elif folder.lstat().st_uid == os.getuid():
                with (folder / IN_USE).open("rb") as mark:
                    _lock(mark)
                    if mark.read(1):
                        shutil.rmtree(folder, ignore_errors=True)


def _lock(file: IO[bytes], wait: bool = False) -> None:
    """Lock a file as long as it is open; where another process has, wait or raise OSError. On Windows, open files are locked."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
