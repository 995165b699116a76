# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the worker is that all Blenders of a user share: a file in its folder of scenes, which only that user can read.

On Windows, files can be read by whom their folder says, which is the user alone within the user's profile. To ask a worker to
end, its file is removed: there, signals end a process at once, in the middle of what it does.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from .atomic_files import replacing

NAME = "worker.json"  # the file
IN_USE = 75  # exit status of a worker whose folder another one uses (EX_TEMPFAIL)


@dataclass(frozen=True)
class Place:
    """A worker that is ready, or was when it could last say so."""

    host: str
    port: int
    token: str
    pid: int
    python: str  # its interpreter


class Announcement:
    """The file that this process writes about itself."""

    def __init__(self, folder: Path, host: str, port: int, token: str) -> None:
        """Write where this process serves. Raises `TttlrmError` when the file cannot be written."""
        self._path, self._place = folder / NAME, Place(host, port, token, os.getpid(), sys.executable)
        self.write()

    def write(self) -> None:
        """Write the file again. Raises `TttlrmError` when it cannot be written."""
        with replacing(self._path) as part, os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self._place), file)

    def is_there(self) -> bool:
        """Whether nobody has asked this process to end."""
        return self._path.exists()


def withdraw(folder: Path) -> None:
    """Remove the file, as the worker does that wrote it when it ends, and who asks that worker to end."""
    with suppress(OSError):
        (folder / NAME).unlink()


def find(folder: Path) -> Place | None:
    """The place in the file; None where there is none that can be read."""
    try:
        return Place(**json.loads((folder / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
